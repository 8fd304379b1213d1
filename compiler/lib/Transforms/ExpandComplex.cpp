// pw-expand-complex: complex operations become arithmetic on real and imaginary parts.
//
//   %0 = complex.mul %x, %y : complex<f32>          %a = complex.re %x    %b = complex.im %x
//   pw.yield %0 : complex<f32>                      %c = complex.re %y    %d = complex.im %y
//                                            ->     ... mulf, subf, addf: %re, %im
//                                                   %0 = complex.create %re, %im : complex<f32>
//                                                   pw.yield %0 : complex<f32>
//
// Afterwards complex types occur only at block arguments and at pw.yield. Parts of f16 are computed in f32 and rounded
// after each operation. Functions (all but + - * and the like) of f32 parts are computed in f64 and rounded once:
// their formulas lose more digits than ATen's accuracy allows. Where ATen's limits at infinities differ between its
// devices, the option says whose they are.
#include "Scalar/Complex.h"
#include "Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace gems::pw {
#define GEN_PASS_DEF_EXPANDCOMPLEX
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;
using namespace gems;
using namespace gems::pw;

namespace {

// The parts of one complex value, in its own part type.
struct Pair {
  Value re, im;
};

Parts compute(ComplexFunction function, Parts z, Limits limits) {
  switch (function) {
    case ComplexFunction::acos:
      return acos(z);
    case ComplexFunction::asin:
      return asin(z);
    case ComplexFunction::atan:
      return atan(z);
    case ComplexFunction::cosh:
      return cosh(z);
    case ComplexFunction::exp2:
      return exp2(z);
    case ComplexFunction::log10:
      return log10(z);
    case ComplexFunction::log2:
      return log2(z);
    case ComplexFunction::reciprocal:
      return reciprocal(z);
    case ComplexFunction::sigmoid:
      return sigmoid(z, limits);
    case ComplexFunction::sinh:
      return sinh(z);
  }
  llvm_unreachable("every function is listed");
}

// An operation from complex numbers to one complex number; nothing when it is not one of these.
std::optional<Parts> compute(Operation* op, ArrayRef<Parts> args, Limits limits) {
  return TypeSwitch<Operation*, std::optional<Parts>>(op)
      .Case<complex::AddOp>([&](auto) { return args[0] + args[1]; })
      .Case<complex::SubOp>([&](auto) { return args[0] - args[1]; })
      .Case<complex::MulOp>([&](auto) { return args[0] * args[1]; })
      .Case<complex::DivOp>([&](auto) { return args[0] / args[1]; })
      .Case<complex::PowOp>([&](auto) { return pow(args[0], args[1], limits); })
      .Case<complex::NegOp>([&](auto) { return -args[0]; })
      .Case<complex::ConjOp>([&](auto) { return Parts{args[0].re, -args[0].im}; })
      .Case<complex::SqrtOp>([&](auto) { return sqrt(args[0]); })
      .Case<complex::RsqrtOp>([&](auto) { return rsqrt(args[0], limits); })
      .Case<complex::ExpOp>([&](auto) { return exp(args[0]); })
      .Case<complex::Expm1Op>([&](auto) { return expm1(args[0]); })
      .Case<complex::LogOp>([&](auto) { return log(args[0]); })
      .Case<complex::Log1pOp>([&](auto) { return log1p(args[0]); })
      .Case<complex::SinOp>([&](auto) { return sin(args[0]); })
      .Case<complex::CosOp>([&](auto) { return cos(args[0]); })
      .Case<complex::TanOp>([&](auto) { return tan(args[0]); })
      .Case<complex::TanhOp>([&](auto) { return tanh(args[0]); })
      .Case<ComplexUnaryOp>([&](ComplexUnaryOp unary) { return compute(unary.getFunction(), args[0], limits); })
      .Default([](Operation*) { return std::nullopt; });
}

// Exact or rounded once for each part as it stands; everything else is a function.
bool isArithmetic(Operation& op) {
  return isa<complex::AbsOp, complex::AddOp, complex::ConjOp, complex::EqualOp, complex::MulOp, complex::NegOp,
             complex::NotEqualOp, complex::SubOp>(op);
}

class Expansion {
 public:
  Expansion(KernelOp kernel, Limits limits)
      : kernel_(kernel), limits_(limits), b_(kernel.getLoc(), kernel.getContext()) {}

  LogicalResult run() {
    Block& block = kernel_.getBody().front();
    b_.setInsertionPointToStart(&block);
    for (BlockArgument argument : block.getArguments()) splitArgument(argument);
    for (Operation& op : llvm::make_early_inc_range(block)) {
      b_.setInsertionPoint(&op);
      b_.setLoc(op.getLoc());
      if (failed(expand(op))) return failure();
    }
    for (Operation* op : llvm::reverse(dead_)) op->erase();
    return success();
  }

 private:
  void splitArgument(BlockArgument argument) {
    auto type = dyn_cast<ComplexType>(argument.getType());
    if (!type || argument.use_empty()) return;
    Value re = complex::ReOp::create(b_, type.getElementType(), argument);
    Value im = complex::ImOp::create(b_, type.getElementType(), argument);
    pairs_[argument] = {re, im};
  }

  // The parts in the type that they are computed in.
  Parts widened(Value value, Type wide) {
    auto [re, im] = pairs_.lookup(value);
    auto widen = [&](Value part) -> Real {
      if (part.getType().getIntOrFloatBitWidth() >= wide.getIntOrFloatBitWidth()) return {&b_, part};
      return {&b_, arith::ExtFOp::create(b_, wide, part)};
    };
    Real wideRe = widen(re);
    return {wideRe, widen(im)};
  }
  // To narrow floats through f32, as all conversions.
  Value narrowed(Real part, Type to) {
    if (part.type() == to) return part.value;
    if (isNarrowFloat(to)) part = {&b_, narrowed(part, b_.getF32Type())};
    return arith::TruncFOp::create(b_, to, part.value);
  }

  void replace(Operation& op, Pair parts) {
    pairs_[op.getResult(0)] = parts;
    dead_.push_back(&op);
  }
  void replace(Operation& op, Value value) {
    op.getResult(0).replaceAllUsesWith(value);
    dead_.push_back(&op);
  }

  LogicalResult expand(Operation& op) {
    auto isComplex = [](Type type) { return isa<ComplexType>(type); };
    if (llvm::none_of(op.getOperandTypes(), isComplex) && llvm::none_of(op.getResultTypes(), isComplex))
      return success();

    if (auto yield = dyn_cast<YieldOp>(op)) return rebuild(yield), success();
    if (auto create = dyn_cast<complex::CreateOp>(op))
      return replace(op, Pair{create.getReal(), create.getImaginary()}), success();
    if (auto constant = dyn_cast<complex::ConstantOp>(op)) {
      auto part = [&](unsigned i) -> Value {
        return arith::ConstantOp::create(b_, cast<FloatAttr>(constant.getValue()[i]));
      };
      Value re = part(0);
      return replace(op, Pair{re, part(1)}), success();
    }
    // The parts of arguments stay as they are.
    if (isa<complex::ReOp, complex::ImOp>(op)) {
      if (isa<BlockArgument>(op.getOperand(0))) return success();
      Pair parts = pairs_.lookup(op.getOperand(0));
      return replace(op, isa<complex::ReOp>(op) ? parts.re : parts.im), success();
    }
    if (auto reduce = dyn_cast<pw::ReduceOp>(op)) {
      if (reduce.getKind() != Reduction::sum)
        return op.emitOpError() << "is a " << stringifyReduction(reduce.getKind())
                                << " of complex numbers, of which a row has only the sum; reduce real numbers";
      Pair x = pairs_.lookup(reduce.getOperand());
      auto sumOf = [&](Value part) -> Value {
        return pw::ReduceOp::create(b_, part.getType(), Reduction::sum, part, reduce.getSweepAttr()).getParts()[0];
      };
      Value re = sumOf(x.re);
      return replace(op, Pair{re, sumOf(x.im)}), success();
    }
    if (auto pick = dyn_cast<PickOp>(op)) {
      Pair x = pairs_.lookup(pick.getValue());
      Value re = PickOp::create(b_, x.re, pick.getIndex());
      return replace(op, Pair{re, PickOp::create(b_, x.im, pick.getIndex())}), success();
    }
    if (auto choice = dyn_cast<arith::SelectOp>(op)) {
      Pair x = pairs_.lookup(choice.getTrueValue()), y = pairs_.lookup(choice.getFalseValue());
      Value re = arith::SelectOp::create(b_, choice.getCondition(), x.re, y.re);
      Value im = arith::SelectOp::create(b_, choice.getCondition(), x.im, y.im);
      return replace(op, Pair{re, im}), success();
    }

    Type wide = isArithmetic(op) ? b_.getF32Type() : b_.getF64Type();
    SmallVector<Parts, 2> args;
    for (Value operand : op.getOperands()) args.push_back(widened(operand, wide));
    Type resultType = op.getResult(0).getType();
    if (isa<complex::AbsOp>(op)) return replace(op, narrowed(hypot(args[0].re, args[0].im), resultType)), success();
    if (isa<complex::EqualOp>(op)) return replace(op, (args[0] == args[1]).value), success();
    if (isa<complex::NotEqualOp>(op)) return replace(op, (args[0] != args[1]).value), success();
    std::optional<Parts> result = compute(&op, args, limits_);
    if (!result) return op.emitOpError("has no expansion into real arithmetic");
    Type part = cast<ComplexType>(resultType).getElementType();
    Value re = narrowed(result->re, part);
    return replace(op, Pair{re, narrowed(result->im, part)}), success();
  }

  void rebuild(YieldOp yield) {
    for (OpOperand& operand : yield->getOpOperands()) {
      auto type = dyn_cast<ComplexType>(operand.get().getType());
      if (!type || isa<BlockArgument>(operand.get())) continue;
      Pair parts = pairs_.lookup(operand.get());
      operand.set(complex::CreateOp::create(b_, type, parts.re, parts.im));
    }
  }

  KernelOp kernel_;
  Limits limits_;
  ImplicitLocOpBuilder b_;
  llvm::DenseMap<Value, Pair> pairs_;
  SmallVector<Operation*> dead_;
};

struct ExpandComplex : pw::impl::ExpandComplexBase<ExpandComplex> {
  using ExpandComplexBase::ExpandComplexBase;

  void runOnOperation() override {
    const Limits limits = cuda ? Limits::Cuda : Limits::Cpu;
    if (failed(Expansion(getOperation(), limits).run())) signalPassFailure();
  }
};

}  // namespace
