// pw-schedule-kernel: attaches the schedule that choose_schedule took from the trace. The verifier of pw.kernel sees
// whether layout and schedule fit.
//
//   pw.kernel ... resolved layout <flat> {        pw.kernel ... resolved layout <flat> schedule <flat, width = 8, ...>
//   {
//     ...                                   ->      ...
//   }                                             }
#include "Transforms/Passes.h"
#include "mlir/AsmParser/AsmParser.h"

namespace gems::pw {
#define GEN_PASS_DEF_SCHEDULEKERNEL
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;
using namespace gems::pw;

namespace {

struct ScheduleKernel : gems::pw::impl::ScheduleKernelBase<ScheduleKernel> {
  using ScheduleKernelBase::ScheduleKernelBase;

  LogicalResult initialize(MLIRContext* context) override {
    attribute_ = dyn_cast_or_null<ScheduleAttr>(parseAttribute(schedule, context));
    if (attribute_) return success();
    return emitError(UnknownLoc::get(context))
           << "pw-schedule-kernel needs schedule=#pw.schedule<...>; given '" << schedule << "'";
  }

  void runOnOperation() override { getOperation().setScheduleAttr(attribute_); }

 private:
  ScheduleAttr attribute_;
};

}  // namespace
