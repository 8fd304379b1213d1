// Visits of one row after the other.
#include "Cpu/RowLoop.h"

#include "Cpu/Lanes.h"
#include "Cpu/RowFunction.h"
#include "gems/compiler/cpu.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace gems::cpu {
namespace {

class RowLoop final : public RowFunction {
 public:
  RowLoop(pw::KernelOp kernel, VectorUnit unit)
      : RowFunction(kernel, unit, 1), bf16Pairs_(kernel.getCpuScheduleAttr().getBf16Pairs()) {
    for (int64_t lane = 0; lane < lanes_; ++lane)
      order_.push_back(!bf16Pairs_ ? lane : lane < lanes_ / 2 ? 2 * lane : 2 * lane - lanes_ + 1);
    findKept();
  }

 private:
  void rows() override;
  Parts loadField(const RowField& field, Value memory, Value, int64_t lanes) override {
    return loadSplat(at_, field.type, advanced(at_, memory, number(field.offset)), lanes);
  }
  void storeField(const RowField& field, Value memory, Value, const Parts& value) override {
    storeLane(field.type, advanced(at_, memory, number(field.offset)), value);
  }
  Parts loadOfRow(unsigned tensor, const ElementType& type, Value row, int64_t lanes) override {
    return loadSplat(at_, type, baseOf(tensor, row), lanes);
  }
  void storeOfRow(unsigned tensor, const ElementType& type, Value row, const Parts& value) override {
    storeLane(type, baseOf(tensor, row), value);
  }

  void sweep(int sweep, Value row);
  void lastVisit(Value row);
  void visitResults(Value row, bool takesKept);

  // A sum of exponentials in the last sweep, and the operation of the last visit that is its term again: softmax. Where
  // a row goes through all phases in one call, its terms are kept from one to the other.
  void findKept();
  ElementType typeOfKept() { return ElementType(keptTerm_.getType()); }
  Place placeOfKept(Value index) {
    Value base = advanced(at_, kept_, times(index, number(typeOfKept().sizeBytes())));
    return {.base = base, .step = Step::Contiguous, .strideBytes = {}};
  }

  // Vectors of elements, then what is left after the last full one.
  using Body = llvm::function_ref<Values(VectorBody& body, Value index, bool isTail, ValueRange state)>;
  Values visitElements(const pw::RowBody::Visit& visit, Value row, ValueRange state, Body build,
                       bool takesKept = false);
  SmallVector<Parts> pass(int sweep, int pass, Value row, ArrayRef<Value> earlier);
  Parts foldedPlaces(const Reduction& reduction, int pass, Parts parts);

  Value baseOf(unsigned tensor, Value row) { return advanced(at_, dataOf(tensor), times(row, strideOf(tensor))); }
  void storeLane(const ElementType& type, Value address, const Parts& value);
  // The elements' indices from a first one on.
  Value indicesFrom(Value index, Type element);
  Value existInTail() {
    Value rest = splat(LLVM::TruncOp::create(at_, at_.getI32Type(), rest_), lanes_);
    return (Lanes(at_, rest) > Lanes(at_, iota(at_.getI32Type()))).value();
  }
  Value iota(Type element);

  bool bf16Pairs_;
  SmallVector<int64_t> order_;  // of the elements in the lanes
  Value full_, rest_;           // elements in full vectors, and after them
  pw::ReduceOp keptSum_;
  Value keptTerm_;
  Value kept_;  // room for the terms of a row that is one piece
};

void RowLoop::findKept() {
  if (body_.sweeps() == 0) return;
  const SmallVector<Operation*> operations = body_.lastVisit().operations;
  for (pw::ReduceOp reduce : body_.reductions(body_.sweeps())) {
    if (reduce.getKind() != pw::Reduction::exp_sum) continue;
    for (Operation* op : operations) {
      auto approximate = dyn_cast<pw::ApproximateOp>(op);
      const bool isSame = reduce.getApproximate() ? approximate && approximate.getFunction() == pw::Approximation::exp
                                                  : isa<math::ExpOp>(op);
      auto distance = isSame ? op->getOperand(0).getDefiningOp<arith::SubFOp>() : arith::SubFOp();
      if (!distance || distance.getLhs() != reduce.getOperand() || distance.getRhs() != reduce.getParts()[0]) continue;
      keptSum_ = reduce;
      keptTerm_ = op->getResult(0);
    }
  }
}

void RowLoop::rows() {
  if (keptTerm_) kept_ = buffer(typeOfKept(), RowPiece + lanes_);
  rest_ = LLVM::URemOp::create(at_, count_, number(lanes_));
  full_ = LLVM::SubOp::create(at_, count_, rest_);
  forLoop(at_, number(0), rows_, number(1), [&](Value row) {
    inPhase(0, [&] { knowAfter(0, row); });
    for (int k = 1; k <= body_.sweeps(); ++k) {
      inPhase(2 * k - 1, [&] { sweep(k, row); });
      inPhase(2 * k, [&] {
        combinePieces(k, row);
        knowAfter(k, row);
      });
    }
    inPhase(2 * body_.sweeps() + 1, [&] { lastVisit(row); });
  });
  inPhase(2 * body_.sweeps() + 2, [&] { foldSums(); });
}

void RowLoop::storeLane(const ElementType& type, Value address, const Parts& value) {
  Parts first;
  for (Value part : value) first.push_back(LLVM::ShuffleVectorOp::create(at_, part, part, ArrayRef<int32_t>{0}));
  storeLanes(at_, type, {.base = address, .step = Step::Contiguous, .strideBytes = {}}, first);
}

Value RowLoop::iota(Type element) {
  SmallVector<Attribute> numbers;
  for (int64_t place : order_) numbers.push_back(at_.getIntegerAttr(element, place));
  return arith::ConstantOp::create(at_, DenseElementsAttr::get(VectorType::get({lanes_}, element), numbers));
}

Value RowLoop::indicesFrom(Value index, Type element) {
  if (index.getType() != element) index = LLVM::TruncOp::create(at_, element, index);
  return (Lanes(at_, splat(index, lanes_)) + Lanes(at_, iota(element))).value();
}

Values RowLoop::visitElements(const pw::RowBody::Visit& visit, Value row, ValueRange state, Body build,
                              bool takesKept) {
  // A row without elements may have no address.
  Value isAny = isLess(number(0), count_);
  return ifThen(at_, isAny, state, [&] {
    VectorBody known(lanes_, bf16Pairs_, unit_);
    bindOfRow(known, visit.ofRow, row);
    SmallVector<std::pair<BlockArgument, Value>> streams;
    for (BlockArgument operand : visit.operands) {
      Value base = baseOf(tensorOf(operand), row);
      if (stepOf(tensorOf(operand)) == Step::Broadcast)
        known.bind(operand, loadSplat(at_, ElementType(operand.getType()), base, lanes_));
      else
        streams.push_back({operand, base});
    }
    auto buildAt = [&](Value index, bool isTail, ValueRange now) {
      VectorBody body = known;
      for (auto [operand, base] : streams) {
        ElementType type(operand.getType());
        Value address = advanced(at_, base, times(index, number(type.sizeBytes())));
        if (isTail) {
          Value copy = buffer(type, lanes_);
          LLVM::MemcpyOp::create(at_, copy, address, times(rest_, number(type.sizeBytes())), false);
          address = copy;
        }
        body.bind(operand,
                  loadLanes(at_, type, {.base = address, .step = Step::Contiguous, .strideBytes = {}}, lanes_));
      }
      if (takesKept) body.bind(keptTerm_, loadLanes(at_, typeOfKept(), placeOfKept(index), lanes_));
      buildVisit(body, visit, [&] { return indicesFrom(plus(begin_, index), at_.getI64Type()); });
      return build(body, index, isTail, now);
    };
    Values after = forLoop(at_, number(0), full_, number(lanes_), state,
                           [&](Value index, ValueRange now) { return buildAt(index, false, now); });
    return ifThen(at_, isLess(number(0), rest_), after, [&] { return buildAt(full_, true, after); });
  });
}

// What one pass over the piece finds, in one lane, for those reductions that have it.
SmallVector<Parts> RowLoop::pass(int sweep, int pass, Value row, ArrayRef<Value> earlier) {
  const auto& reductions = reductions_[sweep - 1];
  auto has = [&](size_t i) { return reductions[i].passes() > pass; };
  SmallVector<Value> roots;
  Values state;
  for (auto [i, op] : llvm::enumerate(body_.reductions(sweep)))
    if (has(i)) {
      roots.push_back(op->getOperand(0));
      state.append(reductions[i].identity(at_, pass, lanes_));
    }
  state =
      visitElements(body_.visit(roots), row, state, [&](VectorBody& body, Value index, bool isTail, ValueRange now) {
        Values next;
        size_t from = 0;
        Value exists = isTail ? existInTail() : Value();
        Value indices;
        for (auto [i, op] : llvm::enumerate(body_.reductions(sweep))) {
          if (!has(i)) continue;
          const Reduction& reduction = reductions[i];
          if (reduction.needsIndex() && !indices) indices = indicesFrom(index, at_.getI32Type());
          Value origin = pass > 0 ? broadcastLane(at_, earlier[i], lanes_) : Value();
          Parts term = reduction.term(at_, pass, body.at(op->getOperand(0))[0], indices, origin);
          if (pass > 0 && op == keptSum_) storeLanes(at_, typeOfKept(), placeOfKept(index), term);
          if (isTail) term = reduction.masked(at_, pass, exists, term);
          Parts sum(now.slice(from, term.size()));
          from += term.size();
          next.append(reduction.accumulated(at_, pass, sum, term));
        }
        return next;
      });
  SmallVector<Parts> found(reductions.size());
  size_t from = 0;
  for (size_t i = 0; i < reductions.size(); ++i) {
    if (!has(i)) continue;
    const size_t parts = reductions[i].accumulatorTypes(pass).size();
    found[i] = foldedPlaces(reductions[i], pass, Parts(ArrayRef(state).slice(from, parts)));
    from += parts;
    for (Value& part : found[i]) part = broadcastLane(at_, part, rowLanes_);
  }
  return found;
}

// Place i and place i + n / 2 of n, wherever they are, until one is left.
Parts RowLoop::foldedPlaces(const Reduction& reduction, int pass, Parts parts) {
  SmallVector<int64_t> order = order_;
  while (order.size() > 1) {
    const int64_t half = static_cast<int64_t>(order.size()) / 2;
    SmallVector<int32_t> lower, upper;
    SmallVector<int64_t> left;
    for (auto [lane, place] : llvm::enumerate(order)) {
      if (place >= half) continue;
      left.push_back(place);
      lower.push_back(int32_t(lane));
      upper.push_back(int32_t(llvm::find(order, place + half) - order.begin()));
    }
    Parts a, b;
    for (Value part : parts) {
      a.push_back(LLVM::ShuffleVectorOp::create(at_, part, part, lower));
      b.push_back(LLVM::ShuffleVectorOp::create(at_, part, part, upper));
    }
    parts = reduction.folded(at_, pass, a, b);
    order = left;
  }
  return parts;
}

void RowLoop::sweep(int sweep, Value row) {
  const auto& reductions = reductions_[sweep - 1];
  SmallVector<Parts> first = pass(sweep, 0, row, {}), second(reductions.size());
  if (llvm::any_of(reductions, [](const Reduction& reduction) { return reduction.passes() > 1; })) {
    SmallVector<Value> earlier(reductions.size());
    Value count = splat(count_, rowLanes_);
    for (auto [i, reduction] : llvm::enumerate(reductions))
      if (reduction.passes() > 1) earlier[i] = reduction.earlier(at_, first[i], count);
    second = pass(sweep, 1, row, earlier);
  }
  storePartials(sweep, row, first, second);
}

void RowLoop::lastVisit(Value row) {
  SmallVector<unsigned> results = body_.results(Extent::Element);
  if (results.empty() && body_.results(Extent::Column).empty()) return;
  if (!keptTerm_) return visitResults(row, false);
  Value isKept = hasPhases(2 * body_.sweeps() - 1, 2 * body_.sweeps() + 1);
  ifThen(at_, isKept, [&] { visitResults(row, true); });
  Value isNot = LLVM::XOrOp::create(at_, isKept, LLVM::ConstantOp::create(at_, at_.getBoolAttr(true)));
  ifThen(at_, isNot, [&] { visitResults(row, false); });
}

void RowLoop::visitResults(Value row, bool takesKept) {
  SmallVector<unsigned> results = body_.results(Extent::Element);
  auto store = [&](VectorBody& body, Value index, bool isTail, ValueRange) {
    // All are computed before one is stored: a result may be an operand.
    for (unsigned result : results) {
      ElementType type = typeOfResult(result);
      Value address = advanced(at_, baseOf(tensorOfResult(result), row), times(index, number(type.sizeBytes())));
      Value to = isTail ? buffer(type, lanes_) : address;
      storeLanes(at_, type, {.base = to, .step = Step::Contiguous, .strideBytes = {}},
                 body.at(kernel_.getYield().getValues()[result]));
      if (isTail) LLVM::MemcpyOp::create(at_, address, to, times(rest_, number(type.sizeBytes())), false);
    }
    addTerms(body, plus(begin_, index));
    return Values();
  };
  visitElements(body_.lastVisit(), row, {}, store, takesKept);
}

}  // namespace

void buildRowLoop(pw::KernelOp kernel, VectorUnit unit) { RowLoop(kernel, unit).build(); }

}  // namespace gems::cpu
