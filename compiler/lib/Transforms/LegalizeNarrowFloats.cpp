// pw-legalize-narrow-floats: every operation on f16, bf16 or float8 computes in f32 and rounds.
//
//   %0 = arith.addf %x, %y : f16       ->     %a = arith.extf %x : f16 to f32      %b = arith.extf %y : f16 to f32
//                                             %c = arith.addf %a, %b : f32         %0 = arith.truncf %c : f32 to f16
//
// Constants, select, bitcast, conversions and pw.yield keep their narrow values.
#include "Pw/Pw.h"
#include "Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace gems::pw {
#define GEN_PASS_DEF_LEGALIZENARROWFLOATS
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;
using namespace gems;
using namespace gems::pw;

namespace {

bool mayStayNarrow(Operation* op) {
  // Folding joins the two steps from a narrow float by way of f32 to a narrower one.
  if (auto truncate = dyn_cast<arith::TruncFOp>(op)) return !isNarrowFloat(truncate.getIn().getType());
  return isa<arith::ConstantOp, arith::SelectOp, arith::BitcastOp, arith::ExtFOp, complex::ReOp, complex::ImOp,
             complex::CreateOp, YieldOp>(op);
}

struct LegalizeNarrowFloats : pw::impl::LegalizeNarrowFloatsBase<LegalizeNarrowFloats> {
  void runOnOperation() override {
    for (Operation& op : llvm::make_early_inc_range(getOperation().getBody().front())) {
      if (mayStayNarrow(&op)) continue;
      ImplicitLocOpBuilder b(op.getLoc(), &op);
      for (OpOperand& operand : op.getOpOperands())
        if (isNarrowFloat(operand.get().getType()))
          operand.set(arith::ExtFOp::create(b, b.getF32Type(), operand.get()));
      if (isa<arith::TruncFOp>(op)) continue;
      b.setInsertionPointAfter(&op);
      for (OpResult result : op.getResults()) {
        if (!isNarrowFloat(result.getType())) continue;
        Type narrow = result.getType();
        result.setType(b.getF32Type());
        auto rounded = arith::TruncFOp::create(b, narrow, result);
        result.replaceAllUsesExcept(rounded, rounded);
      }
    }
  }
};

}  // namespace
