// Visits of a panel of rows, element by element.
#include "Cpu/ColumnLoop.h"

#include "Cpu/Lanes.h"
#include "Cpu/RowFunction.h"

using namespace mlir;

namespace gems::cpu {
namespace {

// Of neighbouring elements in memory, enough to be read in one go.
constexpr int64_t LeastPanelRows = 128;

// Where pass 1 finds what it subtracts, once pass 0 has folded its places onto the first.
constexpr int64_t OriginPlace = 1;

class ColumnLoop final : public RowFunction {
 public:
  ColumnLoop(pw::KernelOp kernel, VectorUnit unit)
      : RowFunction(kernel, unit, std::max(LeastPanelRows, kernel.getCpuScheduleAttr().getLanes())) {
    placeAccumulators();
  }

 private:
  void rows() override;
  Parts loadField(const RowField& field, Value memory, Value row, int64_t lanes) override {
    return loadLanes(at_, field.type, placeOf(field, memory, row), lanes);
  }
  void storeField(const RowField& field, Value memory, Value row, const Parts& value) override {
    storeLanes(at_, field.type, placeOf(field, memory, row), value);
  }
  Parts loadOfRow(unsigned tensor, const ElementType& type, Value row, int64_t lanes) override {
    return loadRows(tensor, type, dataOf(tensor), row, lanes);
  }
  void storeOfRow(unsigned tensor, const ElementType& type, Value row, const Parts& value) override {
    storeRows(type, dataOf(tensor), row, value);
  }
  int64_t placeBytes() const override { return placeBytes_; }

  void placeAccumulators();
  void sweep(int sweep);
  void pass(int sweep, int pass);
  void foldPlaces(int sweep, int pass, Value used);
  void lastVisit();
  // Vectors of rows of each element.
  using Body = llvm::function_ref<void(VectorBody& body, Value element, Value row)>;
  void visitElements(const pw::RowBody::Visit& visit, Body build);
  void forRows(int64_t lanes, llvm::function_ref<void(Value)> body) {
    forLoop(at_, number(0), rows_, number(lanes), body);
  }

  // What row after row has side by side, from the address of the first row's; the last vector may have fewer rows.
  Parts loadRows(unsigned tensor, const ElementType& type, Value base, Value row, int64_t lanes);
  void storeRows(const ElementType& type, Value base, Value row, const Parts& value);
  Place placeOf(const RowField& field, Value memory, Value row) {
    Value offset = plus(number(field.offset * panelRows_), times(row, number(field.type.sizeBytes())));
    return {.base = advanced(at_, memory, offset), .step = Step::Contiguous, .strideBytes = {}};
  }
  // The accumulators of one reduction in a pass, at a place of the rows.
  Value memoryOf(Value place) { return advanced(at_, places_, times(place, number(placeBytes_ * panelRows_))); }
  Parts loadPlace(int sweep, int pass, size_t reduction, Value place, Value row, int64_t lanes);
  void storePlace(int sweep, int pass, size_t reduction, Value place, Value row, const Parts& value);
  ArrayRef<RowField> fieldsOf(int sweep, int pass, size_t reduction) const {
    return accumulators_[sweep - 1][pass][reduction];
  }

  int64_t placeBytes_ = 0;
  // By sweep, pass, reduction. Those of pass 0 stay until pass 1 has ended.
  std::vector<std::array<SmallVector<SmallVector<RowField>>, 2>> accumulators_;
};

void ColumnLoop::placeAccumulators() {
  for (const auto& reductions : reductions_) {
    RowFields fields;
    auto& bySweep = accumulators_.emplace_back();
    for (int pass = 0; pass < 2; ++pass)
      for (const Reduction& reduction : reductions) {
        bySweep[pass].emplace_back();
        if (pass < reduction.passes())
          for (Type type : reduction.accumulatorTypes(pass)) bySweep[pass].back().push_back(fields.add(type));
      }
    placeBytes_ = std::max(placeBytes_, fields.bytes());
  }
}

void ColumnLoop::rows() {
  auto know = [&](int sweeps) { forRows(rowLanes_, [&](Value row) { knowAfter(sweeps, row); }); };
  inPhase(0, [&] { know(0); });
  for (int k = 1; k <= body_.sweeps(); ++k) {
    inPhase(2 * k - 1, [&] { sweep(k); });
    inPhase(2 * k, [&] {
      forRows(rowLanes_, [&](Value row) { combinePieces(k, row); });
      know(k);
    });
  }
  inPhase(2 * body_.sweeps() + 1, [&] { lastVisit(); });
}

Parts ColumnLoop::loadRows(unsigned tensor, const ElementType& type, Value base, Value row, int64_t lanes) {
  if (stepOf(tensor) == Step::Broadcast) return loadSplat(at_, type, base, lanes);
  Value address = advanced(at_, base, times(row, number(type.sizeBytes())));
  Value left = LLVM::SubOp::create(at_, rows_, row);
  address = ifThen(at_, isLess(left, number(lanes)), address, [&] {
    Value copy = buffer(type, lanes);
    LLVM::MemcpyOp::create(at_, copy, address, times(left, number(type.sizeBytes())), false);
    return Values{copy};
  })[0];
  return loadLanes(at_, type, {.base = address, .step = Step::Contiguous, .strideBytes = {}}, lanes);
}

void ColumnLoop::storeRows(const ElementType& type, Value base, Value row, const Parts& value) {
  const int64_t lanes = cast<VectorType>(value[0].getType()).getNumElements();
  Value address = advanced(at_, base, times(row, number(type.sizeBytes())));
  Value left = LLVM::SubOp::create(at_, rows_, row);
  Value isPart = isLess(left, number(lanes));
  Value to = LLVM::SelectOp::create(at_, isPart, buffer(type, lanes), address);
  storeLanes(at_, type, {.base = to, .step = Step::Contiguous, .strideBytes = {}}, value);
  ifThen(at_, isPart, [&] { LLVM::MemcpyOp::create(at_, address, to, times(left, number(type.sizeBytes())), false); });
}

Parts ColumnLoop::loadPlace(int sweep, int pass, size_t reduction, Value place, Value row, int64_t lanes) {
  Parts parts;
  for (const RowField& field : fieldsOf(sweep, pass, reduction))
    parts.append(loadField(field, memoryOf(place), row, lanes));
  return parts;
}

void ColumnLoop::storePlace(int sweep, int pass, size_t reduction, Value place, Value row, const Parts& value) {
  for (auto [field, part] : llvm::zip_equal(fieldsOf(sweep, pass, reduction), value))
    storeField(field, memoryOf(place), row, {part});
}

void ColumnLoop::visitElements(const pw::RowBody::Visit& visit, Body build) {
  forLoop(at_, number(0), count_, number(1), [&](Value element) {
    SmallVector<Value> bases;
    for (BlockArgument operand : visit.operands)
      bases.push_back(advanced(at_, dataOf(tensorOf(operand)), times(element, strideOf(tensorOf(operand)))));
    forRows(lanes_, [&](Value row) {
      VectorBody body(lanes_, false, unit_);
      bindOfRow(body, visit.ofRow, row);
      for (auto [operand, base] : llvm::zip_equal(visit.operands, bases))
        body.bind(operand, loadRows(tensorOf(operand), ElementType(operand.getType()), base, row, lanes_));
      buildVisit(body, visit, [&] { return splat(plus(begin_, element), lanes_); });
      build(body, element, row);
    });
  });
}

void ColumnLoop::pass(int sweep, int pass) {
  const auto& reductions = reductions_[sweep - 1];
  auto has = [&](size_t i) { return reductions[i].passes() > pass; };
  Value used = LLVM::SelectOp::create(at_, isLess(count_, number(lanes_)), count_, number(lanes_));
  // One of a row without elements.
  used = LLVM::SelectOp::create(at_, isLess(used, number(1)), number(1), used);
  forLoop(at_, number(0), used, number(1), [&](Value place) {
    forRows(lanes_, [&](Value row) {
      for (size_t i = 0; i < reductions.size(); ++i)
        if (has(i)) storePlace(sweep, pass, i, place, row, reductions[i].identity(at_, pass, lanes_));
    });
  });
  SmallVector<Value> roots;
  for (auto [i, op] : llvm::enumerate(body_.reductions(sweep)))
    if (has(i)) roots.push_back(op->getOperand(0));
  visitElements(body_.visit(roots), [&](VectorBody& body, Value element, Value row) {
    Value place = LLVM::AndOp::create(at_, element, number(lanes_ - 1));
    Value index = splat(LLVM::TruncOp::create(at_, at_.getI32Type(), element), lanes_);
    for (auto [i, op] : llvm::enumerate(body_.reductions(sweep))) {
      if (!has(i)) continue;
      const Reduction& reduction = reductions[i];
      Value origin = pass > 0 ? loadPlace(sweep, 0, i, number(OriginPlace), row, lanes_)[0] : Value();
      Parts term = reduction.term(at_, pass, body.at(op->getOperand(0))[0], index, origin);
      Parts sum = loadPlace(sweep, pass, i, place, row, lanes_);
      storePlace(sweep, pass, i, place, row, reduction.accumulated(at_, pass, sum, term));
    }
  });
  foldPlaces(sweep, pass, used);
}

// Place i and place i + n / 2 of n, until one is left. Places that no element has are left out: they would be
// identities.
void ColumnLoop::foldPlaces(int sweep, int pass, Value used) {
  doublingLoop(at_, number(lanes_), [&](Value parts) {
    Value half = LLVM::UDivOp::create(at_, number(lanes_ / 2), parts);
    Value pairs = LLVM::SubOp::create(at_, used, half);
    pairs = LLVM::SelectOp::create(at_, isLess(pairs, half), pairs, half);
    forLoop(at_, number(0), pairs, number(1), [&](Value place) {
      forRows(lanes_, [&](Value row) {
        for (auto [i, reduction] : llvm::enumerate(reductions_[sweep - 1])) {
          if (reduction.passes() <= pass) continue;
          Parts lower = loadPlace(sweep, pass, i, place, row, lanes_);
          Parts upper = loadPlace(sweep, pass, i, plus(place, half), row, lanes_);
          storePlace(sweep, pass, i, place, row, reduction.folded(at_, pass, lower, upper));
        }
      });
    });
  });
}

void ColumnLoop::sweep(int sweep) {
  const auto& reductions = reductions_[sweep - 1];
  pass(sweep, 0);
  if (llvm::any_of(reductions, [](const Reduction& reduction) { return reduction.passes() > 1; })) {
    forRows(rowLanes_, [&](Value row) {
      Value count = splat(count_, rowLanes_);
      for (auto [i, reduction] : llvm::enumerate(reductions)) {
        if (reduction.passes() == 1) continue;
        Parts first = loadPlace(sweep, 0, i, number(0), row, rowLanes_);
        storePlace(sweep, 0, i, number(OriginPlace), row, {reduction.earlier(at_, first, count)});
      }
    });
    pass(sweep, 1);
  }
  forRows(rowLanes_, [&](Value row) {
    SmallVector<Parts> first, second;
    for (size_t i = 0; i < reductions.size(); ++i) {
      first.push_back(loadPlace(sweep, 0, i, number(0), row, rowLanes_));
      second.push_back(loadPlace(sweep, 1, i, number(0), row, rowLanes_));
    }
    storePartials(sweep, row, first, second);
  });
}

void ColumnLoop::lastVisit() {
  SmallVector<unsigned> results = body_.results(Extent::Element);
  if (results.empty()) return;
  visitElements(body_.lastVisit(), [&](VectorBody& body, Value element, Value row) {
    for (unsigned result : results) {
      const unsigned tensor = tensorOfResult(result);
      Value base = advanced(at_, dataOf(tensor), times(element, strideOf(tensor)));
      storeRows(typeOfResult(result), base, row, body.at(kernel_.getYield().getValues()[result]));
    }
  });
}

}  // namespace

void buildColumnLoop(pw::KernelOp kernel, VectorUnit unit) { ColumnLoop(kernel, unit).build(); }

}  // namespace gems::cpu
