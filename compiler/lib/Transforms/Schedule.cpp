// pw-schedule: chooses a schedule for a kernel that has a layout, and attaches it as an attribute.
//
//   pw.kernel ... resolved layout <flat> {        pw.kernel ... resolved layout <flat>
//     ...                                   ->        schedule <flat, width = 8, ...> {
//   }                                                 ...
#include "Families/Families.h"
#include "Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace gems::pw {
#define GEN_PASS_DEF_SCHEDULEKERNEL
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;
using namespace gems;
using namespace gems::pw;

namespace {

// The scalar operation that an operation of MLIR comes from, by name; most functions have the same one in both.
std::optional<ScalarOp> scalarOp(Operation* op) {
  StringRef name = op->getName().getStringRef().split('.').second;
  if (isa<math::PowFOp, math::IPowIOp>(op)) name = "pow";
  if (isa<arith::RemFOp>(op)) name = "fmod";
  return find_scalar_op(name);
}

int costOf(Operation* op) {
  if (isa<ApproximateOp>(op)) return tuning::FunctionCost;
  const std::optional<ScalarOp> scalar = scalarOp(op);
  return scalar ? cost(*scalar) : 1;
}

struct ScheduleKernel : pw::impl::ScheduleKernelBase<ScheduleKernel> {
  using ScheduleKernelBase::ScheduleKernelBase;

  void runOnOperation() override {
    KernelOp kernel = getOperation();
    if (!kernel.getLayoutAttr() || !kernel.getResolved()) {
      kernel.emitOpError("cannot be scheduled: it needs a layout, and resolved promotion");
      return signalPassFailure();
    }
    const Layout layout = kernel.getLayoutAttr().getValue();
    KernelFacts facts{.layout = layout.cls, .traffic = {}};
    size_t next = 0;
    for (auto spec : kernel.getOperandSpecs().getAsRange<OperandAttr>())
      if (spec.getForm() == OperandForm::Tensor)
        facts.traffic.push_back(
            {.size_bytes = static_cast<int>(size_bytes(spec.getStorage())), .is_single = layout.is_single(next++)});
    for (auto spec : kernel.getResultSpecs().getAsRange<ResultAttr>())
      facts.traffic.push_back({.size_bytes = static_cast<int>(size_bytes(spec.getStorage())), .is_result = true});
    for (Operation& op : kernel.getBody().front()) {
      facts.functions += costOf(&op) >= tuning::FunctionCost;
      facts.costliest = std::max(facts.costliest, costOf(&op));
    }
    const KernelFamily& family = kernel_family(traits(layout.cls).family);
    const Schedule schedule = family.choose(facts, tuning::device_of({arch, memoryGbps}));
    kernel.setScheduleAttr(ScheduleAttr::get(&getContext(), schedule));
  }
};

}  // namespace
