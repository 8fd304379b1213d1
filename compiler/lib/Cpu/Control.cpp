// Blocks and branches behind Control.h.
#include "Cpu/Control.h"

#include "Cpu/Elements.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace gems::cpu {
namespace {

Block* addBlock(ImplicitLocOpBuilder& builder, TypeRange types) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Location> locations(types.size(), builder.getLoc());
  return builder.createBlock(builder.getInsertionBlock()->getParent(), {}, types, locations);
}

Values loop(ImplicitLocOpBuilder& builder, Value begin, Value end, llvm::function_ref<Value(Value)> next,
            ValueRange state, llvm::function_ref<Values(Value, ValueRange)> body) {
  Values arguments{begin};
  llvm::append_range(arguments, state);
  Block* loop = addBlock(builder, ValueRange(arguments).getTypes());
  Block* after = addBlock(builder, state.getTypes());
  auto isInside = [&](Value index) { return LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::slt, index, end); };
  LLVM::CondBrOp::create(builder, isInside(begin), loop, arguments, after, state);
  builder.setInsertionPointToStart(loop);
  Values results = body(loop->getArgument(0), loop->getArguments().drop_front());
  arguments.assign(1, next(loop->getArgument(0)));
  llvm::append_range(arguments, results);
  LLVM::CondBrOp::create(builder, isInside(arguments.front()), loop, arguments, after, results);
  builder.setInsertionPointToStart(after);
  return llvm::to_vector_of<Value>(after->getArguments());
}

}  // namespace

Values forLoop(ImplicitLocOpBuilder& builder, Value begin, Value end, Value step, ValueRange state,
               llvm::function_ref<Values(Value, ValueRange)> body) {
  return loop(
      builder, begin, end, [&](Value index) -> Value { return LLVM::AddOp::create(builder, index, step); }, state,
      body);
}

void forLoop(ImplicitLocOpBuilder& builder, Value begin, Value end, Value step, llvm::function_ref<void(Value)> body) {
  forLoop(builder, begin, end, step, {}, [&](Value index, ValueRange) { return body(index), Values(); });
}

void doublingLoop(ImplicitLocOpBuilder& builder, Value end, llvm::function_ref<void(Value)> body) {
  loop(
      builder, integer(builder, 1), end,
      [&](Value index) -> Value { return LLVM::AddOp::create(builder, index, index); }, {},
      [&](Value index, ValueRange) { return body(index), Values(); });
}

Values ifThen(ImplicitLocOpBuilder& builder, Value condition, ValueRange otherwise, llvm::function_ref<Values()> body) {
  Block* then = addBlock(builder, {});
  Block* after = addBlock(builder, otherwise.getTypes());
  LLVM::CondBrOp::create(builder, condition, then, ValueRange(), after, otherwise);
  builder.setInsertionPointToStart(then);
  LLVM::BrOp::create(builder, body(), after);
  builder.setInsertionPointToStart(after);
  return llvm::to_vector_of<Value>(after->getArguments());
}

void ifThen(ImplicitLocOpBuilder& builder, Value condition, llvm::function_ref<void()> body) {
  ifThen(builder, condition, {}, [&] { return body(), Values(); });
}

}  // namespace gems::cpu
