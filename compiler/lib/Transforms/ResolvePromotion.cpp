// pw-resolve-promotion: operands and results take their dtypes in memory; the body converts.
//
//   pw.kernel ... operands [<"x", f16 as f32, tensor>]        pw.kernel ... resolved {
//       results [<"out", f32 to f16>] {                       ^bb0(%x: f16):
//   ^bb0(%x: f32):                                              %0 = arith.extf %x : f16 to f32
//     %0 = math.exp %x : f32                            ->      %1 = math.exp %0 : f32
//     pw.yield %0 : f32                                         %2 = arith.truncf %1 : f32 to f16
//   }                                                           pw.yield %2 : f16
#include "Scalar/Cast.h"
#include "Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"

namespace gems::pw {
#define GEN_PASS_DEF_RESOLVEPROMOTION
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;
using namespace gems;
using namespace gems::pw;

namespace {

struct ResolvePromotion : pw::impl::ResolvePromotionBase<ResolvePromotion> {
  void runOnOperation() override {
    KernelOp kernel = getOperation();
    if (kernel.getResolved()) return;
    Block& block = kernel.getBody().front();

    ImplicitLocOpBuilder b(kernel.getLoc(), &getContext());
    b.setInsertionPointToStart(&block);
    for (unsigned i = 0; i < block.getNumArguments(); ++i) {
      OperandAttr spec = kernel.operandSpec(i);
      if (spec.getStorage() == spec.getCompute()) continue;
      BlockArgument argument = block.getArgument(i);
      argument.setType(bodyType(&getContext(), spec.getStorage()));
      // Taken before the conversion adds uses of its own.
      SmallVector<OpOperand*> uses = llvm::to_vector(llvm::make_pointer_range(argument.getUses()));
      Value computed = buildCast(b, argument, spec.getStorage(), spec.getCompute());
      for (OpOperand* use : uses) use->set(computed);
    }

    YieldOp yield = kernel.getYield();
    b.setInsertionPoint(yield);
    for (unsigned i = 0; i < yield.getNumOperands(); ++i) {
      ResultAttr spec = kernel.resultSpec(i);
      yield.setOperand(i, buildCast(b, yield.getOperand(i), spec.getCompute(), yieldedDType(spec)));
    }
    kernel.setResolved(true);
  }
};

}  // namespace
