// pw-expand-math: math functions on vectors become arith ops, or calls of the C library lane by lane.
//
//   %e = math.exp %x : vector<16xf32>       ->  %w = arith.extf %x : vector<16xf32> to vector<16xf64>
//                                               ... a polynomial, math.fma ...
//                                               %e = arith.truncf ... : vector<16xf64> to vector<16xf32>
//   %s = math.sin %y : vector<8xf64>        ->  %s = llvm.call @lanes.sin.f64x8(%y)
//
// Functions that the processor has (sqrt, fma, floor, ...) stay. arith.fptosi and arith.fptoui become conversions that
// are defined for every input (see FloatToInteger.h).
#include <limits>
#include <string_view>

#include "Cpu/Avx512.h"
#include "Cpu/FloatToInteger.h"
#include "Cpu/LaneCalls.h"
#include "Cpu/Math.h"
#include "Cpu/VectorUnit.h"
#include "Pw/Pw.h"
#include "Scalar/Approximation.h"
#include "Transforms/Passes.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"

namespace gems::pw {
#define GEN_PASS_DEF_EXPANDMATH
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;

namespace gems::cpu {
namespace {

// onF32 builds the function from vector ops (null: see expand); onF64 names the C library's.
struct Function {
  Lanes (*onF32)(Lanes);
  const char* onF64;
};
struct BinaryFunction {
  Lanes (*onF32)(Lanes, Lanes);
  const char* onF64;
};

const llvm::StringMap<Function>& functions() {
  static const llvm::StringMap<Function> table = {
      {"math.exp", {nullptr, "exp"}},      {"math.exp2", {exp2F32, "exp2"}}, {"math.expm1", {expm1F32, "expm1"}},
      {"math.log", {logF32, "log"}},       {"math.log2", {log2F32, "log2"}}, {"math.log10", {log10F32, "log10"}},
      {"math.log1p", {log1pF32, "log1p"}}, {"math.sin", {sinF32, "sin"}},    {"math.cos", {cosF32, "cos"}},
      {"math.tan", {tanF32, "tan"}},       {"math.asin", {asinF32, "asin"}}, {"math.acos", {acosF32, "acos"}},
      {"math.atan", {atanF32, "atan"}},    {"math.sinh", {sinhF32, "sinh"}}, {"math.cosh", {coshF32, "cosh"}},
      {"math.tanh", {tanhF32, "tanh"}},    {"math.erf", {nullptr, "erf"}},   {"math.erfc", {erfcF32, "erfc"}},
  };
  return table;
}

const llvm::StringMap<BinaryFunction>& binaryFunctions() {
  static const llvm::StringMap<BinaryFunction> table = {
      {"math.powf", {powF32, "pow"}},
      {"math.atan2", {atan2F32, "atan2"}},
      {"arith.remf", {fmodF32, "fmod"}},
  };
  return table;
}

Lanes reciprocalSquareRoot(Lanes x) { return 1.0 / squareRoot(x); }
Lanes isInfinite(Lanes x) { return absolute(x) == std::numeric_limits<double>::infinity(); }
Lanes isFinite(Lanes x) { return absolute(x) < std::numeric_limits<double>::infinity(); }

// Of two zeros the first operand, as scalar code in C++ has it and ATen's relu needs; LLVM's own order zeros by sign.
// The inner selects are one instruction.
Lanes greater(Lanes x, Lanes y) { return select(y > x, y, x); }
Lanes lesser(Lanes x, Lanes y) { return select(y < x, y, x); }
Lanes maximum(Lanes x, Lanes y) { return select(isNan(y), y, greater(x, y)); }
Lanes minimum(Lanes x, Lanes y) { return select(isNan(y), y, lesser(x, y)); }
Lanes maximumNumber(Lanes x, Lanes y) { return select(isNan(x), y, greater(x, y)); }
Lanes minimumNumber(Lanes x, Lanes y) { return select(isNan(x), y, lesser(x, y)); }

const llvm::StringMap<Lanes (*)(Lanes, Lanes)>& simpleBinaryFunctions() {
  static const llvm::StringMap<Lanes (*)(Lanes, Lanes)> table = {
      {"arith.maximumf", maximum},      {"arith.minimumf", minimum},  {"arith.maxnumf", maximumNumber},
      {"arith.minnumf", minimumNumber}, {"math.ipowi", integerPower},
  };
  return table;
}

const llvm::StringMap<Lanes (*)(Lanes)>& simpleFunctions() {
  static const llvm::StringMap<Lanes (*)(Lanes)> table = {
      {"math.rsqrt", reciprocalSquareRoot},
      {"math.isnan", isNan},
      {"math.isinf", isInfinite},
      {"math.isfinite", isFinite},
  };
  return table;
}

// Formulas become operations of which some are expanded in turn.
Value expandApproximation(pw::ApproximateOp op, ImplicitLocOpBuilder& builder, VectorUnit unit) {
  Lanes x(builder, op->getOperand(0));
  switch (op.getFunction()) {
    case pw::Approximation::ex4:
      return approximateExp4(x, unit).value();
    case pw::Approximation::lg2:
      return approximateLog2(x, unit).value();
    case pw::Approximation::rcp:
      return (1.0 / x).value();
    case pw::Approximation::sqrt:
      return squareRoot(x).value();
    case pw::Approximation::div:
      return (x / Lanes(builder, op->getOperand(1))).value();
    case pw::Approximation::gelu_bf16:
      if (avx512::canLookUp(x, unit)) return geluBf16ByTable(x).value();
      break;
    default:
      break;
  }
  const pw::Formula& formula = pw::formulaOf(op.getFunction());
  Lanes usual(builder, formula.build({&builder, x.value()}).value);
  if (formula.library.empty()) return usual.value();
  Lanes magnitude = absolute(x);
  Lanes isTooLarge = (magnitude > formula.limit) & (magnitude < std::numeric_limits<double>::infinity());
  return replacedWhereAny(isTooLarge, usual, [&] { return callPerLane(formula.library, {x.toF64()}).toF32(); }).value();
}

bool isExpanded(Operation* op) {
  StringRef name = op->getName().getStringRef();
  return functions().contains(name) || binaryFunctions().contains(name) || simpleFunctions().contains(name) ||
         simpleBinaryFunctions().contains(name) || isa<arith::FPToSIOp, arith::FPToUIOp, pw::ApproximateOp>(op);
}

Value expand(Operation* op, ImplicitLocOpBuilder& builder, VectorUnit unit) {
  if (auto approximate = dyn_cast<pw::ApproximateOp>(op)) return expandApproximation(approximate, builder, unit);
  StringRef name = op->getName().getStringRef();
  Lanes x(builder, op->getOperand(0));
  const bool isF64 = x.elementType().isF64();
  if (isa<math::ExpOp>(op) && !isF64) return expF32(x, unit).value();
  if (isa<math::ErfOp>(op) && !isF64) return erfF32(x, unit).value();
  if (auto found = functions().find(name); found != functions().end())
    return (isF64 ? callPerLane(found->second.onF64, {x}) : found->second.onF32(x)).value();
  if (auto found = simpleFunctions().find(name); found != simpleFunctions().end()) return found->second(x).value();
  Type resultElement = getElementTypeOrSelf(op->getResult(0).getType());
  if (isa<arith::FPToSIOp>(op)) return floatToSigned(x, resultElement).value();
  if (isa<arith::FPToUIOp>(op)) return floatToUnsigned(x, resultElement).value();
  Lanes y(builder, op->getOperand(1));
  if (auto found = simpleBinaryFunctions().find(name); found != simpleBinaryFunctions().end())
    return found->second(x, y).value();
  const BinaryFunction& binary = binaryFunctions().at(name);
  return (isF64 ? callPerLane(binary.onF64, {x, y}) : binary.onF32(x, y)).value();
}

struct ExpandMath : pw::impl::ExpandMathBase<ExpandMath> {
  using ExpandMathBase::ExpandMathBase;

  void runOnOperation() override {
    // Formulas first: they are made of operations that are expanded in turn.
    expandAll([](Operation* op) {
      auto approximate = dyn_cast<pw::ApproximateOp>(op);
      return approximate && pw::formulaOf(approximate.getFunction()).build;
    });
    divideByFactors();
    expandAll(isExpanded);
  }

 private:
  // a rcp(x) is one division.
  void divideByFactors() {
    SmallVector<std::pair<pw::ApproximateOp, arith::MulFOp>> found;
    getOperation().walk([&](pw::ApproximateOp op) {
      if (op.getFunction() != pw::Approximation::rcp || !op->hasOneUse()) return;
      if (auto product = dyn_cast<arith::MulFOp>(*op->user_begin())) found.push_back({op, product});
    });
    for (auto [reciprocal, product] : found) {
      ImplicitLocOpBuilder builder(product.getLoc(), product);
      Value result = reciprocal->getResult(0);
      Value other = product.getLhs() == result ? product.getRhs() : product.getLhs();
      product->replaceAllUsesWith(arith::DivFOp::create(builder, other, reciprocal->getOperand(0)));
      product->erase();
      reciprocal->erase();
    }
  }

  void expandAll(llvm::function_ref<bool(Operation*)> isChosen) {
    SmallVector<Operation*> found;
    getOperation().walk([&](Operation* op) {
      if (op->getNumResults() == 1 && isa<VectorType>(op->getResult(0).getType()) && isChosen(op)) found.push_back(op);
    });
    for (Operation* op : found) {
      ImplicitLocOpBuilder builder(op->getLoc(), op);
      op->replaceAllUsesWith(ValueRange(expand(op, builder, {vectorBytes})));
      op->erase();
    }
  }
};

}  // namespace

}  // namespace gems::cpu
