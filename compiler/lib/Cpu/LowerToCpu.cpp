// pw-lower-to-cpu: a pw.kernel in its final form with a CPU layout becomes an llvm.func of type CpuKernel.
//
//   pw.kernel @add_f32 ... cpu_layout <...>          llvm.func @add_f32(%data, %strides, %numbers, %count) {
//   ^bb0(%x: f32, %y: f32):                            ... load addresses, numbers, broadcast operands
//     %sum = arith.addf %x, %y : f32             ->    ^loop(%i): W elements an iteration
//     pw.yield %sum : f32                                %sum = arith.addf %a, %b : vector<16xf32>
//                                                      ^tail: copy what is left to buffers, run the loop once on them
//
// The loop exists once. What is left after the last full vector is copied to buffers on the stack, which the loop then
// processes as one more vector: a tail costs no second body to compile, and an element's result never depends on where
// in the tensor it is.
#include <algorithm>

#include "Bf16Pairs.h"
#include "Elements.h"
#include "Pw/Pw.h"
#include "Transforms/Passes.h"
#include "VectorBody.h"
#include "VectorUnit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"

namespace gems::pw {
#define GEN_PASS_DEF_LOWERTOCPU
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;

namespace gems::cpu {
namespace {

// Inserting lanes one by one grows the code with each of them.
constexpr int64_t MaxStridedLanes = 16;

// An operand or result that moves with the index: Tensor form, not Broadcast.
struct Mover {
  ElementType type;
  Step step;
  Value base;         // of element 0
  Value strideBytes;  // Contiguous: a constant
  Value buffer;       // room for one vector
  bool isResult = false;
  unsigned position = 0;  // among the block arguments, or among the results
};

unsigned widestBits(pw::KernelOp kernel) {
  unsigned widest = 8;
  auto count = [&](Type type) {
    if (auto complex = dyn_cast<ComplexType>(type)) type = complex.getElementType();
    widest = std::max(widest, type.getIntOrFloatBitWidth());
  };
  for (Value argument : kernel.getBody().front().getArguments()) count(argument.getType());
  for (Operation& op : kernel.getBody().front())
    for (Type type : op.getResultTypes()) count(type);
  return widest;
}

class KernelBuilder {
 public:
  KernelBuilder(pw::KernelOp kernel, VectorUnit unit)
      : kernel_(kernel),
        unit_(unit),
        entry_(kernel.getLoc(), kernel.getContext()),
        at_(kernel.getLoc(), kernel.getContext()),
        pointer_(LLVM::LLVMPointerType::get(kernel.getContext())) {}

  void run();

 private:
  void declare();
  void chooseLanes();
  void openEntry();
  void readOperands();
  void buildPasses();
  void buildLoop(Block* loop, Block* passEnd, ValueRange passState);
  void buildTail(Block* copyIn, Block* pass);
  void buildCopyOut(Block* copyOut, Block* done);
  void copyLoop(bool results, Value end, Block* after);
  Place placeOf(const Mover& mover, Value base, Value stride, Value index);
  Value integer(ImplicitLocOpBuilder& builder, int64_t number) {
    return LLVM::ConstantOp::create(builder, builder.getI64IntegerAttr(number));
  }
  // A pointer or i64 at array[index].
  Value loadEntry(Value array, unsigned index, Type type) {
    Value address = LLVM::GEPOp::create(entry_, pointer_, type, array, ArrayRef<LLVM::GEPArg>{int32_t(index)});
    return LLVM::LoadOp::create(entry_, type, address);
  }
  void addMover(ElementType type, Step step, Value base, unsigned slot, bool isResult, unsigned position);

  pw::KernelOp kernel_;
  VectorUnit unit_;
  ImplicitLocOpBuilder entry_;  // what happens once, before the loop
  ImplicitLocOpBuilder at_;     // wherever work is going on
  LLVM::LLVMPointerType pointer_;
  LLVM::LLVMFuncOp function_;
  Block* start_ = nullptr;
  Block* done_ = nullptr;
  VectorShape shape_;
  SmallVector<LaneValue> arguments_;  // of the body; those of movers are filled in the loop
  SmallVector<Mover> movers_;
  Value full_;  // elements in full vectors
  Value rest_;  // elements after them
};

void KernelBuilder::run() {
  chooseLanes();
  declare();
  openEntry();
  readOperands();
  buildPasses();
}

void KernelBuilder::chooseLanes() {
  const unsigned bits = widestBits(kernel_);
  shape_.lanes = unit_.bytes * 8 / bits;
  // With AVX-512, widening shuffles go across the whole register, and rounding is an instruction.
  shape_.hasBf16Pairs = unit_.bytes < 64 && bits == 32 && canUseBf16Pairs(kernel_);
  if (shape_.hasBf16Pairs) shape_.lanes *= 2;
  pw::CpuLayoutAttr layout = kernel_.getCpuLayoutAttr();
  if (llvm::is_contained(layout.getOperands(), Step::Strided) || llvm::is_contained(layout.getResults(), Step::Strided))
    shape_.lanes = std::min(shape_.lanes, MaxStridedLanes);
}

void KernelBuilder::declare() {
  OpBuilder::InsertionGuard guard(at_);
  at_.setInsertionPoint(kernel_);
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(kernel_.getContext()),
                                          {pointer_, pointer_, pointer_, at_.getI64Type()});
  function_ = LLVM::LLVMFuncOp::create(at_, kernel_.getSymName(), type);
  function_.setNoUnwind(true);
  // Some processors are tuned to use half of their vector width unless told otherwise.
  function_.setPassthroughAttr(at_.getArrayAttr({at_.getArrayAttr(
      {at_.getStringAttr("prefer-vector-width"), at_.getStringAttr(std::to_string(unit_.bytes * 8))})}));
}

// Nothing is read when there is nothing to do: operands of no elements may have no address.
void KernelBuilder::openEntry() {
  start_ = function_.addEntryBlock(at_);
  Region& region = function_.getBody();
  Block* entry = at_.createBlock(&region);
  done_ = at_.createBlock(&region);
  LLVM::ReturnOp::create(at_, ValueRange());
  at_.setInsertionPointToStart(start_);
  Value count = start_->getArgument(3);
  Value isEmpty = LLVM::ICmpOp::create(at_, LLVM::ICmpPredicate::sle, count, integer(at_, 0));
  LLVM::CondBrOp::create(at_, isEmpty, done_, entry);
  entry_.setInsertionPointToStart(entry);
  rest_ = LLVM::URemOp::create(entry_, count, integer(entry_, shape_.lanes));
  full_ = LLVM::SubOp::create(entry_, count, rest_);
}

void KernelBuilder::addMover(ElementType type, Step step, Value base, unsigned slot, bool isResult, unsigned position) {
  Mover mover{type, step, base, {}, {}, isResult, position};
  mover.strideBytes = step == Step::Contiguous  ? integer(entry_, type.sizeBytes())
                      : step == Step::Broadcast ? integer(entry_, 0)
                                                : loadEntry(start_->getArgument(1), slot, entry_.getI64Type());
  // A result that does not move receives every element in turn.
  if (step == Step::Broadcast) mover.step = Step::Strided;
  at_.setInsertionPointToStart(start_);
  Value size = integer(at_, shape_.lanes * type.sizeBytes());
  mover.buffer = LLVM::AllocaOp::create(at_, pointer_, at_.getI8Type(), size, 64);
  movers_.push_back(mover);
}

void KernelBuilder::readOperands() {
  Block& body = kernel_.getBody().front();
  unsigned slot = 0, number = 0;
  for (unsigned i = 0; i < body.getNumArguments(); ++i) {
    pw::OperandAttr spec = kernel_.operandSpec(i);
    ElementType type(body.getArgument(i).getType());
    if (spec.getForm() == OperandForm::Number) {
      Value address = loadEntry(start_->getArgument(2), number++, pointer_);
      arguments_.push_back({loadSplat(entry_, type, address, shape_.lanes), true});
      continue;
    }
    const Step step = kernel_.getCpuLayoutAttr().getOperands()[slot];
    Value base = loadEntry(start_->getArgument(0), slot, pointer_);
    if (step == Step::Broadcast) {
      arguments_.push_back({loadSplat(entry_, type, base, shape_.lanes), true});
    } else {
      arguments_.push_back({});
      addMover(type, step, base, slot, false, i);
    }
    ++slot;
  }
  auto values = kernel_.getYield().getValues();
  for (unsigned i = 0; i < values.size(); ++i, ++slot) {
    const Step step = kernel_.getCpuLayoutAttr().getResults()[i];
    Value base = loadEntry(start_->getArgument(0), slot, pointer_);
    addMover(ElementType(values[i].getType()), step, base, slot, true, i);
  }
}

// The loop is entered once for the full vectors and once more for the rest, in buffers:
//
//   entry -> pass(bases, strides, count, isTail) -> loop(i) -> passEnd -> copyIn -> pass
//                                                                     \-> copyOut or done
void KernelBuilder::buildPasses() {
  Region& region = function_.getBody();
  SmallVector<Type> stateTypes;
  SmallVector<Value> state;
  for (const Mover& mover : movers_) {
    stateTypes.push_back(pointer_);
    state.push_back(mover.base);
  }
  for (const Mover& mover : movers_) {
    stateTypes.push_back(at_.getI64Type());
    state.push_back(mover.strideBytes);
  }
  stateTypes.append({at_.getI64Type(), at_.getI1Type()});
  state.append({full_, LLVM::ConstantOp::create(entry_, entry_.getBoolAttr(false))});
  SmallVector<Location> locations(stateTypes.size(), at_.getLoc());

  Block* pass = at_.createBlock(&region, {}, stateTypes, locations);
  Block* loop = at_.createBlock(&region, {}, at_.getI64Type(), at_.getLoc());
  Block* passEnd = at_.createBlock(&region);
  Block* afterTail = at_.createBlock(&region);
  Block* beforeTail = at_.createBlock(&region);
  Block* copyIn = at_.createBlock(&region);

  Value passCount = pass->getArgument(stateTypes.size() - 2), isTail = pass->getArgument(stateTypes.size() - 1);
  at_.setInsertionPointToStart(pass);
  Value zero = integer(at_, 0);
  Value hasAny = LLVM::ICmpOp::create(at_, LLVM::ICmpPredicate::ne, passCount, zero);
  LLVM::CondBrOp::create(at_, hasAny, loop, ValueRange(zero), passEnd, ValueRange());

  buildLoop(loop, passEnd, pass->getArguments());
  LLVM::BrOp::create(entry_, state, pass);

  at_.setInsertionPointToStart(passEnd);
  LLVM::CondBrOp::create(at_, isTail, afterTail, beforeTail);
  at_.setInsertionPointToStart(beforeTail);
  Value hasRest = LLVM::ICmpOp::create(at_, LLVM::ICmpPredicate::ne, rest_, integer(at_, 0));
  LLVM::CondBrOp::create(at_, hasRest, copyIn, done_);
  buildTail(copyIn, pass);
  buildCopyOut(afterTail, done_);
}

Place KernelBuilder::placeOf(const Mover& mover, Value base, Value stride, Value index) {
  const bool isContiguous = mover.step == Step::Contiguous;
  Value offset = LLVM::MulOp::create(at_, index, isContiguous ? integer(at_, mover.type.sizeBytes()) : stride);
  return {advanced(at_, base, offset), mover.step, stride};
}

void KernelBuilder::buildLoop(Block* loop, Block* passEnd, ValueRange passState) {
  Value index = loop->getArgument(0), count = passState[passState.size() - 2];
  auto place = [&](unsigned i) { return placeOf(movers_[i], passState[i], passState[movers_.size() + i], index); };
  at_.setInsertionPointToStart(loop);
  for (unsigned i = 0; i < movers_.size(); ++i)
    if (!movers_[i].isResult)
      arguments_[movers_[i].position].parts = loadLanes(at_, movers_[i].type, place(i), shape_.lanes);
  SmallVector<LaneValue> values = buildVectorBody(kernel_, arguments_, shape_, unit_, entry_, at_);
  at_.setLoc(kernel_.getLoc());
  for (unsigned i = 0; i < movers_.size(); ++i)
    if (movers_[i].isResult) storeLanes(at_, movers_[i].type, place(i), values[movers_[i].position].parts);
  Value next = LLVM::AddOp::create(at_, index, integer(at_, shape_.lanes));
  Value hasMore = LLVM::ICmpOp::create(at_, LLVM::ICmpPredicate::ult, next, count);
  LLVM::CondBrOp::create(at_, hasMore, loop, ValueRange(next), passEnd, ValueRange());
}

// for (j = 0; j < end; ++j): operands' elements to their buffers (past the end, the last one again), or results' out of
// them. Starts in the current block and leaves for `after`.
void KernelBuilder::copyLoop(bool results, Value end, Block* after) {
  if (llvm::none_of(movers_, [&](const Mover& mover) { return mover.isResult == results; })) {
    LLVM::BrOp::create(at_, ValueRange(), after);
    return;
  }
  Block* from = at_.getInsertionBlock();
  Value last = LLVM::SubOp::create(at_, rest_, integer(at_, 1));
  Block* loop = at_.createBlock(&function_.getBody(), {}, at_.getI64Type(), at_.getLoc());
  Value j = loop->getArgument(0);
  Value isPast = LLVM::ICmpOp::create(at_, LLVM::ICmpPredicate::ugt, j, last);
  Value element = LLVM::AddOp::create(at_, full_, LLVM::SelectOp::create(at_, isPast, last, j));
  for (const Mover& mover : movers_) {
    if (mover.isResult != results) continue;
    Value outside = advanced(at_, mover.base, LLVM::MulOp::create(at_, element, mover.strideBytes));
    Value offset = LLVM::MulOp::create(at_, j, integer(at_, mover.type.sizeBytes()));
    Value inside = advanced(at_, mover.buffer, offset);
    copyElement(at_, mover.type, results ? inside : outside, results ? outside : inside);
  }
  Value next = LLVM::AddOp::create(at_, j, integer(at_, 1));
  Value hasMore = LLVM::ICmpOp::create(at_, LLVM::ICmpPredicate::ult, next, end);
  LLVM::CondBrOp::create(at_, hasMore, loop, ValueRange(next), after, ValueRange());
  at_.setInsertionPointToEnd(from);
  LLVM::BrOp::create(at_, integer(at_, 0), loop);
}

void KernelBuilder::buildTail(Block* copyIn, Block* pass) {
  Block* again = at_.createBlock(&function_.getBody());
  SmallVector<Value> state;
  for (const Mover& mover : movers_) state.push_back(mover.buffer);
  for (const Mover& mover : movers_) state.push_back(integer(at_, mover.type.sizeBytes()));
  state.append({integer(at_, shape_.lanes), LLVM::ConstantOp::create(at_, at_.getBoolAttr(true))});
  LLVM::BrOp::create(at_, state, pass);
  at_.setInsertionPointToStart(copyIn);
  copyLoop(false, integer(at_, shape_.lanes), again);
}

void KernelBuilder::buildCopyOut(Block* copyOut, Block* done) {
  at_.setInsertionPointToStart(copyOut);
  copyLoop(true, rest_, done);
}

struct LowerToCpu : pw::impl::LowerToCpuBase<LowerToCpu> {
  using LowerToCpuBase::LowerToCpuBase;

  void runOnOperation() override {
    for (auto kernel : llvm::make_early_inc_range(getOperation().getOps<pw::KernelOp>())) {
      if (!kernel.getResolved() || !kernel.getCpuLayoutAttr()) {
        kernel.emitOpError("must be resolved and have a CPU layout to become a CPU kernel");
        return signalPassFailure();
      }
      KernelBuilder(kernel, {vectorBytes, hasF16c, hasBf16}).run();
      kernel.erase();
    }
  }
};

}  // namespace

}  // namespace gems::cpu
