// Phases, values of rows and their places in memory.
#include "Cpu/RowFunction.h"

#include <cstddef>

#include "Cpu/KernelFunction.h"
#include "Cpu/RowFunctions.h"
#include "gems/compiler/cpu.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace gems::cpu {
namespace {

// Made again where it is needed.
bool isRemade(Operation* op) { return isa<arith::ConstantOp, pw::RowLengthOp>(op); }

}  // namespace

RowFunction::RowFunction(pw::KernelOp kernel, VectorUnit unit, int64_t panelRows)
    : kernel_(kernel),
      body_(kernel),
      unit_(unit),
      lanes_(kernel.getCpuScheduleAttr().getLanes()),
      rowLanes_(unit.bytes / 4),
      panelRows_(panelRows),
      at_(kernel.getLoc(), kernel.getContext()),
      pointer_(LLVM::LLVMPointerType::get(kernel.getContext())) {
  for (int sweep = 1; sweep <= body_.sweeps(); ++sweep) {
    reductions_.emplace_back();
    for (pw::ReduceOp op : body_.reductions(sweep)) reductions_.back().emplace_back(op);
  }
  unsigned numbers = 0;
  for (BlockArgument argument : kernel.getBody().front().getArguments())
    if (kernel.operandSpec(argument.getArgNumber()).getForm() == OperandForm::Number)
      numberIndices_[argument] = numbers++;
    else
      tensors_[argument] = operandTensors_++;
}

void RowFunction::build() {
  placeFields();
  declare();
  describe();
  rows();
  LLVM::ReturnOp::create(at_, ValueRange());
}

void RowFunction::declare() {
  function_ = declareKernelFunction(kernel_, {pointer_}, unit_);
  Block* first = function_.addEntryBlock(at_);
  call_ = first->getArgument(0);
  // Buffers go to the first block.
  Block* entry = at_.createBlock(&function_.getBody());
  at_.setInsertionPointToEnd(first);
  LLVM::BrOp::create(at_, ValueRange(), entry);
  at_.setInsertionPointToStart(entry);
}

Value RowFunction::field(size_t offset, Type type) {
  return LLVM::LoadOp::create(at_, type, advanced(at_, call_, number(int64_t(offset))));
}

void RowFunction::describe() {
  Type i64 = at_.getI64Type();
  firstPhase_ = field(offsetof(RowCall, first_phase), i64);
  record_ = field(offsetof(RowCall, record), pointer_);
  Value isAsked = isLess(firstPhase_, number(0));
  Block* entry = at_.getInsertionBlock();
  Block* answer = at_.createBlock(&function_.getBody());
  Block* work = at_.createBlock(&function_.getBody());
  at_.setInsertionPointToEnd(entry);
  LLVM::CondBrOp::create(at_, isAsked, answer, work);
  at_.setInsertionPointToStart(answer);
  auto store = [&](size_t offset, int64_t value) {
    LLVM::StoreOp::create(at_, number(value), advanced(at_, record_, number(int64_t(offset))));
  };
  store(offsetof(RowKernelShape, sweeps), body_.sweeps());
  store(offsetof(RowKernelShape, panel_rows), panelRows_);
  store(offsetof(RowKernelShape, record_bytes), recordBytes_ * panelRows_);
  store(offsetof(RowKernelShape, partial_bytes), partialBytes() * panelRows_);
  store(offsetof(RowKernelShape, place_bytes), placeBytes() * lanes_ * panelRows_);
  store(offsetof(RowKernelShape, sum_bytes), sumBytes_);
  store(offsetof(RowKernelShape, evaluates_functions), evaluatesFunctions(kernel_, body_));
  LLVM::ReturnOp::create(at_, ValueRange());

  at_.setInsertionPointToStart(work);
  data_ = field(offsetof(RowCall, data), pointer_);
  strides_ = field(offsetof(RowCall, strides_bytes), pointer_);
  numbers_ = field(offsetof(RowCall, numbers), pointer_);
  rows_ = field(offsetof(RowCall, rows), i64);
  count_ = field(offsetof(RowCall, count), i64);
  begin_ = field(offsetof(RowCall, begin), i64);
  length_ = field(offsetof(RowCall, length), i64);
  endPhase_ = field(offsetof(RowCall, end_phase), i64);
  pieces_ = field(offsetof(RowCall, pieces), i64);
  partials_ = field(offsetof(RowCall, partials), pointer_);
  places_ = field(offsetof(RowCall, places), pointer_);
  sums_ = field(offsetof(RowCall, sums), pointer_);
}

// Whether a later phase, or a visit, asks for it.
bool RowFunction::isKept(Value value) const {
  Operation* op = value.getDefiningOp();
  if (!op || isRemade(op)) return false;
  return llvm::any_of(value.getUsers(), [&](Operation* user) {
    if (isa<pw::YieldOp>(user))
      return llvm::any_of(llvm::concat<const unsigned>(body_.results(Extent::Element), body_.results(Extent::Column)),
                          [&](unsigned result) { return user->getOperand(result) == value; });
    if (isa<pw::ReduceOp>(user)) return true;
    Value result = user->getResult(0);
    return !body_.isOfRow(result) || body_.knownAfter(result) > body_.knownAfter(value);
  });
}

void RowFunction::placeFields() {
  RowFields record;
  for (Operation& op : kernel_.getBody().front().without_terminator())
    for (Value value : op.getResults())
      if (body_.isOfRow(value) && isKept(value)) recordFields_.insert({value, record.add(value.getType())});
  recordBytes_ = record.bytes();
  for (const auto& reductions : reductions_) {
    RowFields partial;
    auto& fields = partialFields_.emplace_back();
    for (const Reduction& reduction : reductions) {
      fields.emplace_back();
      for (Type type : reduction.partialTypes()) fields.back().push_back(partial.add(type));
    }
    partialSizes_.push_back(partial.bytes());
  }
  RowFields sums;
  for (unsigned result : body_.results(Extent::Column))
    sumFields_.push_back({result, sums.add(kernel_.getYield().getValues()[result].getType())});
  sumBytes_ = sums.bytes();
}

int64_t RowFunction::partialBytes() const {
  int64_t bytes = 0;
  for (int64_t size : partialSizes_) bytes = std::max(bytes, size);
  return bytes;
}

Step RowFunction::stepOf(unsigned tensor) const {
  pw::CpuLayoutAttr layout = pw::KernelOp(kernel_).getCpuLayoutAttr();
  return tensor < operandTensors_ ? layout.getOperands()[tensor] : layout.getResults()[tensor - operandTensors_];
}

ElementType RowFunction::typeOfResult(unsigned result) {
  return ElementType(kernel_.getYield().getValues()[result].getType());
}

Value RowFunction::loadEntry(Value array, unsigned index, Type type) {
  Value address = LLVM::GEPOp::create(at_, pointer_, type, array, ArrayRef<LLVM::GEPArg>{int32_t(index)});
  return LLVM::LoadOp::create(at_, type, address);
}

Value RowFunction::splat(Value scalar, int64_t lanes) {
  Value poison = LLVM::PoisonOp::create(at_, VectorType::get({lanes}, scalar.getType()));
  return broadcastLane(at_, LLVM::InsertElementOp::create(at_, poison, scalar, number(0)), lanes);
}

Value RowFunction::splatInteger(int64_t value, Type element, int64_t lanes) {
  return arith::ConstantOp::create(
      at_, DenseElementsAttr::get(VectorType::get({lanes}, element), at_.getIntegerAttr(element, value)));
}

Value RowFunction::buffer(const ElementType& type, int64_t lanes) {
  OpBuilder::InsertionGuard guard(at_);
  at_.setInsertionPointToStart(&function_.getBody().front());
  return LLVM::AllocaOp::create(at_, pointer_, at_.getI8Type(), number(lanes * type.sizeBytes()), 64);
}

Value RowFunction::hasPhases(int64_t first, int64_t last) {
  Value isReached = LLVM::ICmpOp::create(at_, LLVM::ICmpPredicate::sle, firstPhase_, number(first));
  return LLVM::AndOp::create(at_, isReached, isLess(number(last), endPhase_));
}

void RowFunction::inPhase(int64_t phase, llvm::function_ref<void()> body) {
  ifThen(at_, hasPhases(phase, phase), body);
}

Parts RowFunction::ofRow(Value value, Value row, int64_t lanes) {
  if (Operation* op = value.getDefiningOp()) {
    if (isa<pw::RowLengthOp>(op)) return {splat(length_, lanes)};
    if (!isRemade(op)) return loadField(recordFields_.find(value)->second, record_, row, lanes);
    VectorBody body(lanes, false, unit_);
    body.build(*op, at_);
    return body.at(value);
  }
  ElementType type(value.getType());
  if (auto found = numberIndices_.find(value); found != numberIndices_.end())
    return loadSplat(at_, type, loadEntry(numbers_, found->second, pointer_), lanes);
  return loadOfRow(tensors_.lookup(value), type, row, lanes);
}

void RowFunction::bindOfRow(VectorBody& body, ArrayRef<Value> values, Value row) {
  for (Value value : values) body.bind(value, ofRow(value, row, body.lanes()));
}

void RowFunction::buildVisit(VectorBody& body, const pw::RowBody::Visit& visit, llvm::function_ref<Value()> index) {
  for (Operation* op : visit.operations) {
    if (body.has(op->getResult(0))) continue;
    at_.setLoc(op->getLoc());
    if (isa<pw::RowIndexOp>(op))
      body.bind(op->getResult(0), {index()});
    else
      body.build(*op, at_);
  }
  at_.setLoc(kernel_.getLoc());
}

void RowFunction::storePartials(int sweep, Value row, ArrayRef<Parts> first, ArrayRef<Parts> second) {
  Value count = splat(count_, rowLanes_), begin = splat(begin_, rowLanes_);
  for (auto [i, reduction] : llvm::enumerate(reductions_[sweep - 1])) {
    Parts partial = reduction.partial(at_, first[i], second[i], count, begin);
    for (auto [field, value] : llvm::zip_equal(partialFields_[sweep - 1][i], partial))
      storeField(field, partials_, row, {value});
  }
}

// By pairs, so that the error grows with the logarithm of their number: 0 + 1, 2 + 3, ..., then 0 + 2, ...
void RowFunction::combinePieces(int sweep, Value row) {
  auto partialAt = [&](Value piece) {
    return advanced(at_, partials_, times(piece, number(partialBytes() * panelRows_)));
  };
  doublingLoop(at_, pieces_, [&](Value distance) {
    Value last = LLVM::SubOp::create(at_, pieces_, distance);
    forLoop(at_, number(0), last, plus(distance, distance), [&](Value piece) {
      Value a = partialAt(piece), b = partialAt(plus(piece, distance));
      for (auto [i, reduction] : llvm::enumerate(reductions_[sweep - 1])) {
        Parts left, right;
        for (const RowField& field : partialFields_[sweep - 1][i]) {
          left.append(loadField(field, a, row, rowLanes_));
          right.append(loadField(field, b, row, rowLanes_));
        }
        Parts both = reduction.combined(at_, left, right);
        for (auto [field, value] : llvm::zip_equal(partialFields_[sweep - 1][i], both))
          storeField(field, a, row, {value});
      }
    });
  });
}

void RowFunction::knowAfter(int sweeps, Value row) {
  VectorBody body(rowLanes_, false, unit_);
  auto keep = [&](Value value) {
    if (auto field = recordFields_.find(value); field != recordFields_.end())
      storeField(field->second, record_, row, body.at(value));
  };
  if (sweeps > 0)
    for (auto [i, op] : llvm::enumerate(body_.reductions(sweeps))) {
      Parts partial;
      for (const RowField& field : partialFields_[sweeps - 1][i])
        partial.append(loadField(field, partials_, row, rowLanes_));
      Parts values = reductions_[sweeps - 1][i].values(at_, partial);
      for (auto [result, value] : llvm::zip_equal(op->getResults(), values)) {
        body.bind(result, {value});
        keep(result);
      }
    }
  for (Operation* op : body_.rowOperations(sweeps)) {
    if (isRemade(op)) continue;
    at_.setLoc(op->getLoc());
    if (auto picked = dyn_cast<pw::PickOp>(op)) {
      pick(picked, body, row);
    } else {
      for (Value operand : op->getOperands())
        if (!body.has(operand)) body.bind(operand, ofRow(operand, row, rowLanes_));
      body.build(*op, at_);
    }
    keep(op->getResult(0));
  }
  at_.setLoc(kernel_.getLoc());
  for (unsigned result : body_.results(Extent::Row)) {
    Value value = kernel_.getYield().getValues()[result];
    if (body_.knownAfter(value) != sweeps) continue;
    if (!body.has(value)) body.bind(value, ofRow(value, row, rowLanes_));
    storeOfRow(tensorOfResult(result), typeOfResult(result), row, body.at(value));
  }
}

// Index by index, one for each row. What an index outside of the row picks is made of zeros.
void RowFunction::pick(pw::PickOp op, VectorBody& body, Value row) {
  auto known = [&](Value value) { return body.has(value) ? body.at(value) : ofRow(value, row, rowLanes_); };
  Value indices = known(op.getIndex())[0];
  pw::RowBody::Visit visit = body_.visit(op.getValue());
  SmallVector<SmallVector<Value>> addresses(visit.operands.size());  // by lane
  SmallVector<Value> exist;
  Value rank = field(offsetof(RowCall, reduced_rank), at_.getI64Type());
  Value sizes = field(offsetof(RowCall, reduced_sizes), pointer_);
  Value strides = field(offsetof(RowCall, reduced_strides_bytes), pointer_);
  Value origins = field(offsetof(RowCall, origins), pointer_);
  Value originStrides = field(offsetof(RowCall, origin_strides_bytes), pointer_);
  const int64_t tensors = operandTensors_ + int64_t(kernel_.getResultSpecs().size());
  auto entryAt = [&](Value array, Value index) {
    return LLVM::LoadOp::create(at_, at_.getI64Type(), advanced(at_, array, times(index, number(8))));
  };
  for (int64_t lane = 0; lane < std::min(panelRows_, rowLanes_); ++lane) {
    Value index = LLVM::ExtractElementOp::create(at_, indices, number(lane));
    Value own = plus(row, number(lane));
    Value isInRow = LLVM::ICmpOp::create(at_, LLVM::ICmpPredicate::ult, index, length_);
    exist.push_back(LLVM::AndOp::create(at_, isInRow, isLess(own, rows_)));
    Values state{LLVM::SelectOp::create(at_, isInRow, index, number(0))};
    for (BlockArgument operand : visit.operands) {
      const unsigned tensor = tensorOf(operand);
      Value step = times(own, loadEntry(originStrides, tensor, at_.getI64Type()));
      state.push_back(advanced(at_, loadEntry(origins, tensor, pointer_), step));
    }
    state = forLoop(at_, number(0), rank, number(1), state, [&](Value dimension, ValueRange now) {
      // A row without elements is picked from, too.
      Value size = LLVM::UMaxOp::create(at_, entryAt(sizes, dimension), number(1));
      Value coordinate = LLVM::URemOp::create(at_, now[0], size);
      Values next{LLVM::UDivOp::create(at_, now[0], size)};
      for (auto [i, operand] : llvm::enumerate(visit.operands)) {
        Value at = plus(times(dimension, number(tensors)), number(tensorOf(operand)));
        next.push_back(advanced(at_, now[i + 1], times(coordinate, entryAt(strides, at))));
      }
      return next;
    });
    for (size_t i = 0; i < visit.operands.size(); ++i) addresses[i].push_back(state[i + 1]);
  }

  VectorBody inner(rowLanes_, false, unit_);
  for (Value value : visit.ofRow) inner.bind(value, known(value));
  for (auto [i, operand] : llvm::enumerate(visit.operands))
    inner.bind(operand, elementsAt(ElementType(operand.getType()), addresses[i], exist));
  buildVisit(inner, visit, [&] { return indices; });
  body.bind(op.getResult(), inner.at(op.getValue()));
}

// One element for each lane, or one for all; zero where there is none.
Parts RowFunction::elementsAt(const ElementType& type, ArrayRef<Value> addresses, ArrayRef<Value> exist) {
  Value zero = buffer(type, 1);
  Value bytes = number(type.sizeBytes());
  LLVM::MemsetOp::create(at_, zero, LLVM::ConstantOp::create(at_, at_.getI8IntegerAttr(0)), bytes, false);
  Value gathered = buffer(type, rowLanes_);
  for (auto [lane, address] : llvm::enumerate(addresses)) {
    Value from = LLVM::SelectOp::create(at_, exist[lane], address, zero);
    copyElement(at_, type, from, advanced(at_, gathered, number(int64_t(lane) * type.sizeBytes())));
  }
  if (addresses.size() == 1) return loadSplat(at_, type, gathered, rowLanes_);
  return loadLanes(at_, type, {.base = gathered, .step = Step::Contiguous, .strideBytes = {}}, rowLanes_);
}

}  // namespace gems::cpu
