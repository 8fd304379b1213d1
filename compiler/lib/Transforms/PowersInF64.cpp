// pw-powers-in-f64: powers of f32 for GPUs whose arithmetic in f64 is fast (tuning.h).
//
//   %p = math.powf %x, %y : f32        ->        %p = pw.powf %x, %y : f32
//   %q = math.powf %u, %v : f64                  %q = math.powf %u, %v : f64
#include "Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

namespace gems::pw {
#define GEN_PASS_DEF_POWERSINF64
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;

namespace {

struct PowersInF64 : gems::pw::impl::PowersInF64Base<PowersInF64> {
  void runOnOperation() override {
    for (auto power : llvm::make_early_inc_range(getOperation().getBody().front().getOps<math::PowFOp>())) {
      if (!power.getType().isF32()) continue;
      OpBuilder builder(power);
      power.replaceAllUsesWith(
          gems::pw::PowF32Op::create(builder, power.getLoc(), power.getLhs(), power.getRhs()).getResult());
      power.erase();
    }
  }
};

}  // namespace
