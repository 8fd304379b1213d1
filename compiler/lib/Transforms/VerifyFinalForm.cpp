// pw-verify-final-form: fails on a kernel that is not in the form that both back ends start from: promotion resolved,
// complex numbers and narrow floats expanded.
//
// Beside the operations listed here,
//   - arithmetic on floats is on f32 and f64. f16, bf16 and float8 occur only as block arguments, as constants, as
//     operands of extf, as results of truncf (from f32, never from f64), in select and bitcast, as parts of complex
//     numbers, and in pw.yield;
//   - a complex value is a block argument, or a complex.create in pw.yield; a block argument may be yielded as it is;
//   - fptosi has an i32 or i64 result, fptoui i16, i32 or i64; other integers are truncated from them;
//   - no operation carries fast-math flags.
// What cannot be seen from one operation, each pass keeps:
//   - integer division and remainder are guarded: no divisor is zero, no quotient overflows; shift counts are less than
//     the width;
//   - NaN and values out of range convert as the target's C cast does;
//   - the exponent of ipowi is unsigned: negative exponents are handled around it.
#include "Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/DialectConversion.h"

namespace gems::pw {
#define GEN_PASS_DEF_VERIFYFINALFORM
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;
using namespace gems::pw;

namespace {

bool isNarrow(Type type) { return isNarrowFloat(type); }

bool hasFastMath(Operation* op) {
  auto fast = dyn_cast<arith::ArithFastMathInterface>(op);
  return fast && fast.getFastMathFlagsAttr() && fast.getFastMathFlagsAttr().getValue() != arith::FastMathFlags::none;
}

bool isOnWideFloats(Operation* op) {
  return !hasFastMath(op) && llvm::none_of(op->getOperandTypes(), isNarrow) &&
         llvm::none_of(op->getResultTypes(), isNarrow);
}

// One of these widths.
bool isInteger(Type type, std::initializer_list<unsigned> widths) {
  return llvm::is_contained(widths, type.getIntOrFloatBitWidth());
}

template <class... Ops>
void addLegal(ConversionTarget& target, bool (*isLegal)(Operation*)) {
  target.addDynamicallyLegalOp<Ops...>(isLegal);
}

void addFinalForm(ConversionTarget& target) {
  using namespace arith;
  using namespace math;
  target.addLegalOp<YieldOp, ApproximateOp, PickOp, RowIndexOp, RowLengthOp>();
  addLegal<gems::pw::ReduceOp>(
      target, [](Operation* op) { return isOnWideFloats(op) && !isa<ComplexType>(op->getOperand(0).getType()); });
  target.addLegalOp<arith::ConstantOp, AddIOp, SubIOp, MulIOp, DivSIOp, DivUIOp, RemSIOp, RemUIOp, AndIOp, OrIOp,
                    XOrIOp, ShLIOp, ShRSIOp, ShRUIOp, MinSIOp, MaxSIOp, MinUIOp, MaxUIOp, ExtSIOp, ExtUIOp, TruncIOp,
                    CmpIOp, SelectOp, arith::BitcastOp, ExtFOp, AbsIOp, IPowIOp>();
  addLegal<CmpFOp, AddFOp, SubFOp, MulFOp, DivFOp, NegFOp, RemFOp, MinimumFOp, MaximumFOp, MinNumFOp, MaxNumFOp,
           SIToFPOp, UIToFPOp>(target, isOnWideFloats);
  addLegal<AbsFOp, CeilOp, FloorOp, TruncOp, RoundEvenOp, SqrtOp, RsqrtOp, ExpOp, Exp2Op, ExpM1Op, LogOp, Log2Op,
           Log10Op, Log1pOp, SinOp, CosOp, TanOp, AsinOp, AcosOp, AtanOp, Atan2Op, SinhOp, CoshOp, TanhOp, ErfOp,
           ErfcOp, PowFOp, FmaOp, CopySignOp, IsNaNOp, IsInfOp, IsFiniteOp>(target, isOnWideFloats);
  addLegal<TruncFOp>(target, [](Operation* op) {
    return !isNarrow(op->getResult(0).getType()) || op->getOperand(0).getType().isF32();
  });
  addLegal<FPToSIOp>(
      target, [](Operation* op) { return isOnWideFloats(op) && isInteger(op->getResult(0).getType(), {32, 64}); });
  addLegal<FPToUIOp>(
      target, [](Operation* op) { return isOnWideFloats(op) && isInteger(op->getResult(0).getType(), {16, 32, 64}); });
  addLegal<complex::ReOp, complex::ImOp>(target, [](Operation* op) { return isa<BlockArgument>(op->getOperand(0)); });
  addLegal<complex::CreateOp>(target,
                              [](Operation* op) { return llvm::all_of(op->getUsers(), llvm::IsaPred<YieldOp>); });
}

struct VerifyFinalForm : gems::pw::impl::VerifyFinalFormBase<VerifyFinalForm> {
  void runOnOperation() override {
    KernelOp kernel = getOperation();
    if (!kernel.getResolved()) {
      kernel.emitOpError("is not in the final form: its promotion is not resolved");
      return signalPassFailure();
    }
    ConversionTarget target(getContext());
    addFinalForm(target);
    for (Operation& op : kernel.getBody().front()) {
      if (target.isLegal(&op)) continue;
      op.emitOpError("is not part of the final form that the back ends know");
      return signalPassFailure();
    }
  }
};

}  // namespace
