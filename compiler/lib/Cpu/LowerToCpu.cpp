// pw-lower-to-cpu: a pw.kernel in its final form with a CPU schedule becomes an llvm.func of type CpuKernel, or of type
// CpuRowKernel where it is rowwise (RowFunction.h).
//
//   pw.kernel @add_f32 ... cpu_schedule <...>        llvm.func @add_f32(%data, %strides, %numbers, %count) {
//   ^bb0(%x: f32, %y: f32):                            ... load addresses, numbers, broadcast operands
//     %sum = arith.addf %x, %y : f32             ->    ^loop(%i): as many lanes an iteration as the schedule says
//     pw.yield %sum : f32                                %sum = arith.addf %a, %b : vector<16xf32>
//                                                      ^tail: copy what is left to buffers, run the loop once on them
#include "Cpu/ColumnLoop.h"
#include "Cpu/KernelFunction.h"
#include "Cpu/RowLoop.h"
#include "Cpu/VectorLoop.h"
#include "Cpu/VectorUnit.h"
#include "Pw/Pw.h"
#include "Transforms/Passes.h"
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

// The function around the loop: what it is given, and what is read before the first element.
class FunctionBuilder {
 public:
  FunctionBuilder(pw::KernelOp kernel, VectorUnit unit)
      : kernel_(kernel),
        unit_(unit),
        lanes_(kernel.getCpuScheduleAttr().getLanes()),
        entry_(kernel.getLoc(), kernel.getContext()),
        at_(kernel.getLoc(), kernel.getContext()),
        pointer_(LLVM::LLVMPointerType::get(kernel.getContext())),
        frame_{
            .function = {}, .entry = entry_, .done = nullptr, .full = {}, .rest = {}, .arguments = {}, .streamed = {}} {
  }

  void build();

 private:
  void openEntry();
  void readOperands();
  // A pointer or i64 at array[index].
  Value loadEntry(Value array, unsigned index, Type type) {
    Value address = LLVM::GEPOp::create(entry_, pointer_, type, array, ArrayRef<LLVM::GEPArg>{int32_t(index)});
    return LLVM::LoadOp::create(entry_, type, address);
  }
  void addStreamed(ElementType type, Step step, Value base, unsigned slot, bool isResult, unsigned position);

  pw::KernelOp kernel_;
  VectorUnit unit_;
  int64_t lanes_;
  ImplicitLocOpBuilder entry_;  // what happens once, before the loop
  ImplicitLocOpBuilder at_;     // the current insertion point
  LLVM::LLVMPointerType pointer_;
  Block* start_ = nullptr;
  LoopFrame frame_;
};

void FunctionBuilder::build() {
  frame_.function = declareKernelFunction(kernel_, {pointer_, pointer_, pointer_, at_.getI64Type()}, unit_);
  openEntry();
  readOperands();
  buildVectorLoop(kernel_, unit_, std::move(frame_));
}

// Nothing is read when there is nothing to do: operands of no elements may have no address.
void FunctionBuilder::openEntry() {
  start_ = frame_.function.addEntryBlock(at_);
  Region& region = frame_.function.getBody();
  Block* entry = at_.createBlock(&region);
  frame_.done = at_.createBlock(&region);
  LLVM::ReturnOp::create(at_, ValueRange());
  at_.setInsertionPointToStart(start_);
  Value count = start_->getArgument(3);
  Value isEmpty = LLVM::ICmpOp::create(at_, LLVM::ICmpPredicate::sle, count, integer(at_, 0));
  LLVM::CondBrOp::create(at_, isEmpty, frame_.done, entry);
  entry_.setInsertionPointToStart(entry);
  frame_.rest = LLVM::URemOp::create(entry_, count, integer(entry_, lanes_));
  frame_.full = LLVM::SubOp::create(entry_, count, frame_.rest);
}

void FunctionBuilder::addStreamed(ElementType type, Step step, Value base, unsigned slot, bool isResult,
                                  unsigned position) {
  StreamedOperand operand{type, step, base, {}, {}, isResult, position};
  operand.strideBytes = step == Step::Contiguous  ? integer(entry_, type.sizeBytes())
                        : step == Step::Broadcast ? integer(entry_, 0)
                                                  : loadEntry(start_->getArgument(1), slot, entry_.getI64Type());
  // A result that does not move receives every element in turn.
  if (step == Step::Broadcast) operand.step = Step::Strided;
  at_.setInsertionPointToStart(start_);
  Value size = integer(at_, lanes_ * type.sizeBytes());
  operand.buffer = LLVM::AllocaOp::create(at_, pointer_, at_.getI8Type(), size, 64);
  frame_.streamed.push_back(operand);
}

void FunctionBuilder::readOperands() {
  Block& body = kernel_.getBody().front();
  unsigned slot = 0, number = 0;
  for (unsigned i = 0; i < body.getNumArguments(); ++i) {
    pw::OperandAttr spec = kernel_.operandSpec(i);
    ElementType type(body.getArgument(i).getType());
    if (spec.getForm() == OperandForm::Number) {
      Value address = loadEntry(start_->getArgument(2), number++, pointer_);
      frame_.arguments.push_back({loadSplat(entry_, type, address, lanes_), true});
      continue;
    }
    const Step step = kernel_.getCpuLayoutAttr().getOperands()[slot];
    Value base = loadEntry(start_->getArgument(0), slot, pointer_);
    if (step == Step::Broadcast) {
      frame_.arguments.push_back({loadSplat(entry_, type, base, lanes_), true});
    } else {
      frame_.arguments.push_back({});
      addStreamed(type, step, base, slot, false, i);
    }
    ++slot;
  }
  auto values = kernel_.getYield().getValues();
  for (unsigned i = 0; i < values.size(); ++i, ++slot) {
    const Step step = kernel_.getCpuLayoutAttr().getResults()[i];
    Value base = loadEntry(start_->getArgument(0), slot, pointer_);
    addStreamed(ElementType(values[i].getType()), step, base, slot, true, i);
  }
}

void build(pw::KernelOp kernel, VectorUnit unit) {
  if (!kernel.getRowwise()) return FunctionBuilder(kernel, unit).build();
  if (kernel.getCpuLayoutAttr().getWalk() == CpuWalk::Columns) return buildColumnLoop(kernel, unit);
  buildRowLoop(kernel, unit);
}

struct LowerToCpu : pw::impl::LowerToCpuBase<LowerToCpu> {
  using LowerToCpuBase::LowerToCpuBase;

  void runOnOperation() override {
    for (auto kernel : llvm::make_early_inc_range(getOperation().getOps<pw::KernelOp>())) {
      if (!kernel.getCpuScheduleAttr()) {
        kernel.emitOpError("must have a CPU schedule to become a CPU kernel: run pw-schedule-cpu first");
        return signalPassFailure();
      }
      if (kernel.getCpuLayoutAttr().getWalk() == CpuWalk::Columns &&
          llvm::any_of(kernel.getResultSpecs().getAsRange<pw::ResultAttr>(),
                       [](pw::ResultAttr result) { return result.getExtent() == Extent::Column; })) {
        kernel.emitOpError("sums over all rows, for which it must walk along rows: its CPU layout walks over columns");
        return signalPassFailure();
      }
      build(kernel, {vectorBytes, hasF16c, hasBf16});
      kernel.erase();
    }
  }
};

}  // namespace

}  // namespace gems::cpu
