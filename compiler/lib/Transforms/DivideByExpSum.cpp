// pw-divide-by-exp-sum: the terms of a sum of exponentials are divided by it, in f32, with one reciprocal for the row.
//
//   %t = math.exp (%x - %max)                      %r = 1 / %s                           (of the row)
//   %p = arith.divf %t, %s          ->             %q = %t * %r
//                                                  %p = fma(fma(-%q, %s, %t), %r, %q)
//
// where %max, %s are those of pw.reduce exp_sum %x: %t is from 0 to 1, and %s from 1 to the number of elements, so that
// nothing overflows. The remainder is exact, and corrects the quotient to the one that a division rounds to, or to its
// neighbour where that is subnormal (P. Markstein, "Computation of elementary functions on the IBM RISC System/6000
// processor", 1990).
#include "Pw/Pw.h"
#include "Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace gems::pw {
#define GEN_PASS_DEF_DIVIDEBYEXPSUM
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;
using namespace gems::pw;

namespace {

// The reduction whose term is divided by its sum.
ReduceOp exponentialsOf(arith::DivFOp quotient) {
  auto reduce = quotient.getRhs().getDefiningOp<ReduceOp>();
  auto term = quotient.getLhs().getDefiningOp<math::ExpOp>();
  auto distance = term ? term.getOperand().getDefiningOp<arith::SubFOp>() : arith::SubFOp();
  if (!reduce || !distance || reduce.getKind() != Reduction::exp_sum) return {};
  const bool isTerm = distance.getLhs() == reduce.getOperand() && distance.getRhs() == reduce.getParts()[0];
  return isTerm && quotient.getRhs() == reduce.getParts()[1] && quotient.getType().isF32() ? reduce : ReduceOp();
}

struct DivideByExpSum : gems::pw::impl::DivideByExpSumBase<DivideByExpSum> {
  void runOnOperation() override {
    for (auto quotient : llvm::make_early_inc_range(getOperation().getBody().front().getOps<arith::DivFOp>())) {
      ReduceOp reduce = exponentialsOf(quotient);
      if (!reduce) continue;
      ImplicitLocOpBuilder ofRow(reduce.getLoc(), reduce->getNextNode());
      Value sum = quotient.getRhs(), term = quotient.getLhs();
      Value one = arith::ConstantOp::create(ofRow, ofRow.getF32FloatAttr(1));
      Value reciprocal = arith::DivFOp::create(ofRow, one, sum);
      ImplicitLocOpBuilder b(quotient.getLoc(), quotient);
      Value nearly = arith::MulFOp::create(b, term, reciprocal);
      Value rest = math::FmaOp::create(b, arith::NegFOp::create(b, nearly), sum, term);
      quotient.replaceAllUsesWith(math::FmaOp::create(b, rest, reciprocal, nearly).getResult());
      quotient.erase();
    }
  }
};

}  // namespace
