// Which operations are functions.
#include "Cpu/RowFunctions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace gems::cpu {
namespace {

bool isFunction(Operation& op) {
  if (auto reduce = dyn_cast<pw::ReduceOp>(op)) return reduce.getKind() == pw::Reduction::exp_sum;
  if (isa<arith::RemFOp, pw::ApproximateOp>(op)) return true;
  return isa<math::MathDialect>(op.getDialect()) &&
         !isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp, math::FloorOp, math::FmaOp, math::IsNaNOp,
              math::IsInfOp, math::IsFiniteOp, math::RoundEvenOp, math::RsqrtOp, math::SqrtOp, math::TruncOp>(op);
}

}  // namespace

bool evaluatesFunctions(pw::KernelOp kernel, const pw::RowBody& body) {
  return llvm::any_of(kernel.getBody().front().without_terminator(), [&](Operation& op) {
    return isFunction(op) && (isa<pw::ReduceOp>(op) || !body.isOfRow(op.getResult(0)));
  });
}

}  // namespace gems::cpu
