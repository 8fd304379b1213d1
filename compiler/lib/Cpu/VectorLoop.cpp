// Builds the loop block by block.
#include "Cpu/VectorLoop.h"

using namespace mlir;

namespace gems::cpu {
namespace {

class VectorLoop {
 public:
  VectorLoop(pw::KernelOp kernel, VectorUnit unit, LoopFrame frame)
      : kernel_(kernel),
        unit_(unit),
        frame_(std::move(frame)),
        lanes_(kernel.getCpuScheduleAttr().getLanes()),
        at_(kernel.getLoc(), kernel.getContext()),
        pointer_(LLVM::LLVMPointerType::get(kernel.getContext())) {}

  void build();

 private:
  void buildLoop(Block* loop, Block* passEnd, ValueRange passState);
  void buildTail(Block* copyIn, Block* pass);
  void copyLoop(bool results, Value end, Block* after);
  ArrayRef<StreamedOperand> streamed() const { return frame_.streamed; }

  pw::KernelOp kernel_;
  VectorUnit unit_;
  LoopFrame frame_;
  int64_t lanes_;
  ImplicitLocOpBuilder at_;  // the current insertion point
  LLVM::LLVMPointerType pointer_;
};

// The loop is entered once for the full vectors and once more for the rest, in buffers:
//
//   entry -> pass(bases, strides, count, isTail) -> loop(i) -> passEnd -> copyIn -> pass
//                                                                     \-> copyOut or done
void VectorLoop::build() {
  Region& region = frame_.function.getBody();
  SmallVector<Type> stateTypes;
  SmallVector<Value> state;
  for (const StreamedOperand& operand : streamed()) {
    stateTypes.push_back(pointer_);
    state.push_back(operand.base);
  }
  for (const StreamedOperand& operand : streamed()) {
    stateTypes.push_back(at_.getI64Type());
    state.push_back(operand.strideBytes);
  }
  stateTypes.append({at_.getI64Type(), at_.getI1Type()});
  state.append({frame_.full, LLVM::ConstantOp::create(frame_.entry, frame_.entry.getBoolAttr(false))});
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
  LLVM::BrOp::create(frame_.entry, state, pass);

  at_.setInsertionPointToStart(passEnd);
  LLVM::CondBrOp::create(at_, isTail, afterTail, beforeTail);
  at_.setInsertionPointToStart(beforeTail);
  Value hasRest = LLVM::ICmpOp::create(at_, LLVM::ICmpPredicate::ne, frame_.rest, integer(at_, 0));
  LLVM::CondBrOp::create(at_, hasRest, copyIn, frame_.done);
  buildTail(copyIn, pass);
  at_.setInsertionPointToStart(afterTail);
  copyLoop(true, frame_.rest, frame_.done);
}

void VectorLoop::buildLoop(Block* loop, Block* passEnd, ValueRange passState) {
  Value index = loop->getArgument(0), count = passState[passState.size() - 2];
  auto place = [&](unsigned i) { return streamed()[i].at(at_, passState[i], passState[streamed().size() + i], index); };
  at_.setInsertionPointToStart(loop);
  for (unsigned i = 0; i < streamed().size(); ++i)
    if (!streamed()[i].isResult)
      frame_.arguments[streamed()[i].position].parts = loadLanes(at_, streamed()[i].type, place(i), lanes_);
  SmallVector<LaneValue> values = buildVectorBody(kernel_, frame_.arguments, unit_, frame_.entry, at_);
  at_.setLoc(kernel_.getLoc());
  for (unsigned i = 0; i < streamed().size(); ++i)
    if (streamed()[i].isResult) storeLanes(at_, streamed()[i].type, place(i), values[streamed()[i].position].parts);
  Value next = LLVM::AddOp::create(at_, index, integer(at_, lanes_));
  Value hasMore = LLVM::ICmpOp::create(at_, LLVM::ICmpPredicate::ult, next, count);
  LLVM::CondBrOp::create(at_, hasMore, loop, ValueRange(next), passEnd, ValueRange());
}

// for (j = 0; j < end; ++j): operands' elements to their buffers (past the end, the last one again), or results' out of
// them. Starts in the current block and leaves for `after`.
void VectorLoop::copyLoop(bool results, Value end, Block* after) {
  if (llvm::none_of(streamed(), [&](const StreamedOperand& operand) { return operand.isResult == results; })) {
    LLVM::BrOp::create(at_, ValueRange(), after);
    return;
  }
  Block* from = at_.getInsertionBlock();
  Value last = LLVM::SubOp::create(at_, frame_.rest, integer(at_, 1));
  Block* loop = at_.createBlock(&frame_.function.getBody(), {}, at_.getI64Type(), at_.getLoc());
  Value j = loop->getArgument(0);
  Value isPast = LLVM::ICmpOp::create(at_, LLVM::ICmpPredicate::ugt, j, last);
  Value element = LLVM::AddOp::create(at_, frame_.full, LLVM::SelectOp::create(at_, isPast, last, j));
  for (const StreamedOperand& operand : streamed())
    if (operand.isResult == results) operand.copy(at_, element, j);
  Value next = LLVM::AddOp::create(at_, j, integer(at_, 1));
  Value hasMore = LLVM::ICmpOp::create(at_, LLVM::ICmpPredicate::ult, next, end);
  LLVM::CondBrOp::create(at_, hasMore, loop, ValueRange(next), after, ValueRange());
  at_.setInsertionPointToEnd(from);
  LLVM::BrOp::create(at_, integer(at_, 0), loop);
}

void VectorLoop::buildTail(Block* copyIn, Block* pass) {
  Block* again = at_.createBlock(&frame_.function.getBody());
  SmallVector<Value> state;
  for (const StreamedOperand& operand : streamed()) state.push_back(operand.buffer);
  for (const StreamedOperand& operand : streamed()) state.push_back(integer(at_, operand.type.sizeBytes()));
  state.append({integer(at_, lanes_), LLVM::ConstantOp::create(at_, at_.getBoolAttr(true))});
  LLVM::BrOp::create(at_, state, pass);
  at_.setInsertionPointToStart(copyIn);
  copyLoop(false, integer(at_, lanes_), again);
}

}  // namespace

void buildVectorLoop(pw::KernelOp kernel, VectorUnit unit, LoopFrame frame) {
  VectorLoop(kernel, unit, std::move(frame)).build();
}

}  // namespace gems::cpu
