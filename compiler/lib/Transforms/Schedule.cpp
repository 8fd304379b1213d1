// pw-schedule: chooses a schedule for a kernel that has layouts, and attaches it as an attribute.
//
//   pw.kernel ... resolved space <rank = 1, ...> {        pw.kernel ... resolved space <rank = 1, ...>
//     ...                                           ->        schedule <family = flat, width = 8, ...> {
//   }                                                         ...
#include "Transforms/Schedule.h"

#include "Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "schedule_choice.h"

namespace gems::pw {
#define GEN_PASS_DEF_SCHEDULEKERNEL
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;
using namespace gems;
using namespace gems::pw;

namespace {

LayoutAttr layoutAttr(MLIRContext* context, const OperandLayout& layout) {
  return LayoutAttr::get(context, layout.step, layout.align_bytes);
}

OperandLayout operandLayout(LayoutAttr attr) {
  return {attr.getStep(), static_cast<std::uint8_t>(attr.getAlignBytes())};
}

}  // namespace

void pw::attachLayout(KernelOp kernel, const Layout& layout) {
  MLIRContext* context = kernel.getContext();
  SmallVector<Attribute> operands, results;
  size_t next = 0;
  for (auto spec : kernel.getOperandSpecs().getAsRange<OperandAttr>()) {
    LayoutAttr where;
    if (spec.getForm() == OperandForm::Tensor) where = layoutAttr(context, layout.operands[next++]);
    operands.push_back(
        OperandAttr::get(context, spec.getName(), spec.getStorage(), spec.getCompute(), spec.getForm(), where));
  }
  next = 0;
  for (auto spec : kernel.getResultSpecs().getAsRange<ResultAttr>())
    results.push_back(ResultAttr::get(context, spec.getName(), spec.getCompute(), spec.getStorage(),
                                      layoutAttr(context, layout.results[next++])));
  kernel.setOperandSpecsAttr(ArrayAttr::get(context, operands));
  kernel.setResultSpecsAttr(ArrayAttr::get(context, results));
  kernel.setSpaceAttr(SpaceAttr::get(context, layout.rank, layout.wide_index, layout.crossed));
}

void pw::attachSchedule(KernelOp kernel, const Schedule& schedule) {
  kernel.setScheduleAttr(ScheduleAttr::get(kernel.getContext(), schedule.family, schedule.width, schedule.unroll,
                                           schedule.threads, schedule.blocks, schedule.lanes, schedule.pack));
}

Layout pw::layoutOf(KernelOp kernel) {
  SpaceAttr space = kernel.getSpaceAttr();
  Layout layout;
  layout.rank = static_cast<std::uint8_t>(space.getRank());
  layout.wide_index = space.getWideIndex();
  layout.crossed = space.getCrossed();
  for (auto spec : kernel.getOperandSpecs().getAsRange<OperandAttr>())
    if (spec.getForm() == OperandForm::Tensor) layout.operands.push_back(operandLayout(spec.getLayout()));
  for (auto spec : kernel.getResultSpecs().getAsRange<ResultAttr>())
    layout.results.push_back(operandLayout(spec.getLayout()));
  return layout;
}

Schedule pw::scheduleOf(KernelOp kernel) {
  ScheduleAttr attr = kernel.getScheduleAttr();
  return {attr.getFamily(), attr.getWidth(), attr.getUnroll(), attr.getThreads(),
          attr.getBlocks(), attr.getLanes(), attr.getPack()};
}

namespace {

// The scalar operation that an operation of MLIR comes from, by name; most functions have the same one in both.
std::optional<ScalarOp> scalarOp(Operation* op) {
  StringRef name = op->getName().getStringRef().split('.').second;
  if (isa<math::PowFOp, math::IPowIOp>(op)) name = "pow";
  if (isa<arith::RemFOp>(op)) name = "fmod";
  return find_scalar_op(name);
}

int costOf(Operation* op) {
  if (isa<ApproximateOp>(op)) return function_cost;
  const std::optional<ScalarOp> scalar = scalarOp(op);
  return scalar ? cost(*scalar) : 1;
}

struct ScheduleKernel : pw::impl::ScheduleKernelBase<ScheduleKernel> {
  using ScheduleKernelBase::ScheduleKernelBase;

  void runOnOperation() override {
    KernelOp kernel = getOperation();
    if (!kernel.getSpaceAttr() || !kernel.getResolved()) {
      kernel.emitOpError("cannot be scheduled: it needs layouts, a space, and resolved promotion");
      return signalPassFailure();
    }
    ScheduleFacts facts;
    facts.rank = static_cast<int>(kernel.getSpaceAttr().getRank());
    facts.crossed = kernel.getSpaceAttr().getCrossed();
    auto add = [&](DType storage, LayoutAttr layout, bool isResult) {
      facts.traffic.push_back({static_cast<int>(size_bytes(storage)), static_cast<int>(layout.getAlignBytes()),
                               layout.getStep(), isResult});
    };
    for (auto spec : kernel.getOperandSpecs().getAsRange<OperandAttr>())
      if (spec.getForm() == OperandForm::Tensor) add(spec.getStorage(), spec.getLayout(), false);
    for (auto spec : kernel.getResultSpecs().getAsRange<ResultAttr>()) add(spec.getStorage(), spec.getLayout(), true);
    for (Operation& op : kernel.getBody().front()) {
      facts.functions += costOf(&op) >= function_cost;
      facts.costliest = std::max(facts.costliest, costOf(&op));
    }
    attachSchedule(kernel, choose_schedule(facts, CudaTarget{arch, memoryGbps}));
  }
};

}  // namespace
