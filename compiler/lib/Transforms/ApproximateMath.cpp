// pw-approximate-math: functions of f32 whose results are going to be rounded to f16 or bf16 become pw.approximate.
//
//   %0 = math.exp %x : f32                             %0 = pw.approximate exp %x : f32
//   %1 = arith.truncf %0 : f32 to bf16         ->      %1 = arith.truncf %0 : f32 to bf16
//
//   %0 = math.erf %u : f32
//   %1 = arith.addf %one, %0 : f32             ->      %1 = pw.approximate one_plus_erf %u : f32
//
// A value may be approximate when each way from it ends in such a rounding and passes only through arithmetic, which
// carries a relative error on as it is; a comparison, a conversion to an integer, or another function does not. The
// formulas that may end up in a sum are 2^-19 or better, and f16 rounds by 2^-12: it may cancel seven bits before it
// shows; erf, whose sums have 2^-16, stays exact where an f16 is a sum of it (gelu's gradient, which is 0 at -0.75).
// Where a sum is known to cancel more (1 + erf in the tail, 1 - tanh^2), the sum itself has a formula. f32 and f64
// results are left alone.
//
// In a rowwise kernel, the sum of a row carries the relative error of what it sums where that has one sign, and may
// cancel all of it elsewhere. The exponentials of exp_sum are such a sum, also where its logarithm is taken: it is the
// relative error of what exceeds 1, the greatest element. Of elements that are themselves f16 or bf16 the logarithm may
// be an f32: an error of 2^-20 beside elements that are rounded by 2^-9 or 2^-12 of their value. What is computed once
// for a row stays exact.
#include <numbers>

#include "Pw/RowBody.h"
#include "Scalar/Approximation.h"
#include "Transforms/Passes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace gems::pw {
#define GEN_PASS_DEF_APPROXIMATEMATH
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;
using namespace gems::pw;

namespace {

// Its result's relative error is about that of its operands.
bool carriesRelativeError(Operation* op) {
  return isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp, arith::NegFOp, arith::SelectOp,
             arith::MinimumFOp, arith::MaximumFOp, arith::MinNumFOp, arith::MaxNumFOp, math::FmaOp, math::AbsFOp,
             math::CopySignOp, math::SqrtOp, math::RsqrtOp>(op);
}

// Not negative, whatever its operands are; or NaN.
bool isNonNegative(Value value) {
  Operation* op = value.getDefiningOp();
  if (isa_and_nonnull<math::ExpOp, math::Exp2Op, math::AbsFOp, math::SqrtOp, math::RsqrtOp>(op)) return true;
  if (isa_and_nonnull<arith::MulFOp>(op) && op->getOperand(0) == op->getOperand(1)) return true;
  return isa_and_nonnull<arith::AddFOp, arith::MulFOp, arith::DivFOp>(op) &&
         llvm::all_of(op->getOperands(), isNonNegative);
}

bool carriesRelativeErrorOfRow(Operation* op) {
  auto reduce = dyn_cast<gems::pw::ReduceOp>(op);
  if (!reduce) return false;
  if (reduce.getKind() == Reduction::max || reduce.getKind() == Reduction::min) return true;
  return reduce.getKind() == Reduction::sum && isNonNegative(reduce.getOperand());
}

// The dtypes that a value ends in, where all of them are narrow, and whether it is added to more than constants before.
struct Ends {
  bool inF16 = false, inBf16 = false;
  bool isSummed = false;
};

bool isConstant(Value value) { return matchPattern(value, m_Constant()); }

bool sums(Operation* op) {
  if (auto fma = dyn_cast<math::FmaOp>(op)) return !isConstant(fma.getC());
  if (isa<gems::pw::ReduceOp>(op)) return true;
  return isa<arith::AddFOp, arith::SubFOp>(op) && llvm::none_of(op->getOperands(), isConstant);
}

// The results that may be approximate: what uses them comes later in the block and is decided first.
llvm::DenseMap<Operation*, Ends> findApproximable(Block& block) {
  llvm::DenseMap<Operation*, Ends> found;
  for (Operation& op : llvm::reverse(block.without_terminator())) {
    if (op.getNumResults() != 1 || !op.getResult(0).getType().isF32()) continue;
    Ends ends;
    const bool isRounded = llvm::all_of(op.getUsers(), [&](Operation* user) {
      if (auto round = dyn_cast<arith::TruncFOp>(user)) {
        ends.inF16 |= round.getType().isF16();
        ends.inBf16 |= round.getType().isBF16();
        return true;
      }
      auto next = found.find(user);
      if (next == found.end() || !(carriesRelativeError(user) || carriesRelativeErrorOfRow(user))) return false;
      ends.inF16 |= next->second.inF16;
      ends.inBf16 |= next->second.inBf16;
      ends.isSummed |= next->second.isSummed || sums(user);
      return true;
    });
    if (isRounded) found[&op] = ends;
  }
  return found;
}

bool isOne(Value value) { return matchPattern(value, m_OneFloat()); }

// The other operand of a sum with 1.
Value addedToOne(Value value) {
  auto sum = value.getDefiningOp<arith::AddFOp>();
  if (!sum) return {};
  if (isOne(sum.getLhs())) return sum.getRhs();
  return isOne(sum.getRhs()) ? sum.getLhs() : Value();
}

Value negated(ImplicitLocOpBuilder& b, Value value) {
  if (auto minus = value.getDefiningOp<arith::NegFOp>()) return minus.getOperand();
  return arith::NegFOp::create(b, value);
}

bool isFloat(Value value, float number) {
  FloatAttr constant;
  return matchPattern(value, m_Constant(&constant)) && constant.getValue().convertToFloat() == number;
}

void appendFactors(Value product, int depth, SmallVectorImpl<Value>& factors) {
  auto mul = product.getDefiningOp<arith::MulFOp>();
  if (!mul || depth == 0) return factors.push_back(product);
  appendFactors(mul.getLhs(), depth - 1, factors);
  appendFactors(mul.getRhs(), depth - 1, factors);
}

// The product of x, 1/2 and 1 + erf(x / sqrt(2)), in any order. Each dtype has its own tail.
Value matchGelu(ImplicitLocOpBuilder& b, Operation* op, Ends ends) {
  SmallVector<Value> factors;
  if (isa<arith::MulFOp>(op)) appendFactors(op->getResult(0), 2, factors);
  if (factors.size() != 3 || ends.inF16 == ends.inBf16) return {};
  auto take = [&](llvm::function_ref<bool(Value)> is) -> Value {
    auto found = llvm::find_if(factors, is);
    if (found == factors.end()) return {};
    Value factor = *found;
    factors.erase(found);
    return factor;
  };
  Value sum = take([](Value factor) { return static_cast<bool>(addedToOne(factor)); });
  if (!sum || !take([](Value factor) { return isFloat(factor, 0.5f); })) return {};
  auto erf = addedToOne(sum).getDefiningOp<math::ErfOp>();
  auto scaled = erf ? erf.getOperand().getDefiningOp<arith::MulFOp>() : arith::MulFOp();
  Value x = factors.front();
  if (!scaled || scaled.getLhs() != x || !isFloat(scaled.getRhs(), std::numbers::sqrt2_v<float> / 2)) return {};
  return buildApproximation(b, ends.inF16 ? Approximation::gelu_f16 : Approximation::gelu_bf16, x);
}

// x / (1 + exp(u)): x logistic(-u).
Value matchLogistic(ImplicitLocOpBuilder& b, Operation* op, Ends) {
  auto quotient = dyn_cast<arith::DivFOp>(op);
  if (!quotient) return {};
  Value added = addedToOne(quotient.getRhs());
  auto exponential = added ? added.getDefiningOp<math::ExpOp>() : math::ExpOp();
  if (!exponential) return {};
  Value logistic = buildApproximation(b, Approximation::logistic, negated(b, exponential.getOperand()));
  return isOne(quotient.getLhs()) ? logistic : arith::MulFOp::create(b, quotient.getLhs(), logistic);
}

bool needsExactErf(Ends ends) { return ends.inF16 && ends.isSummed; }

// 1 + f(u), and 1 - f(u) = 1 + f(-u), for erf and tanh.
Value matchOnePlusOdd(ImplicitLocOpBuilder& b, Operation* op, Ends ends) {
  auto build = [&](Value term, bool isMinus) -> Value {
    Operation* function = term ? term.getDefiningOp() : nullptr;
    if (!isa_and_nonnull<math::ErfOp, math::TanhOp>(function)) return {};
    if (isa<math::ErfOp>(function) && needsExactErf(ends)) return {};
    Value u = function->getOperand(0);
    return buildApproximation(b,
                              isa<math::ErfOp>(function) ? Approximation::one_plus_erf : Approximation::one_plus_tanh,
                              isMinus ? negated(b, u) : u);
  };
  if (auto difference = dyn_cast<arith::SubFOp>(op); difference && isOne(difference.getLhs()))
    return build(difference.getRhs(), true);
  if (auto complement = dyn_cast<math::ErfcOp>(op); complement && !needsExactErf(ends))
    return buildApproximation(b, Approximation::one_plus_erf, negated(b, complement.getOperand()));
  return build(addedToOne(op->getResult(0)), false);
}

// 1 - tanh(u)^2, also as fma(-t, t, 1).
Value matchOneMinusTanhSquared(ImplicitLocOpBuilder& b, Operation* op, Ends) {
  auto build = [&](Value x, Value y) -> Value {
    auto tanh = x.getDefiningOp<math::TanhOp>();
    if (!tanh || x != y) return {};
    return buildApproximation(b, Approximation::one_minus_tanh_squared, tanh.getOperand());
  };
  if (auto fma = dyn_cast<math::FmaOp>(op); fma && isOne(fma.getC()))
    if (auto minus = fma.getA().getDefiningOp<arith::NegFOp>()) return build(minus.getOperand(), fma.getB());
  if (auto difference = dyn_cast<arith::SubFOp>(op); difference && isOne(difference.getLhs()))
    if (auto square = difference.getRhs().getDefiningOp<arith::MulFOp>())
      return build(square.getLhs(), square.getRhs());
  return {};
}

// x / s, where s is a sum of exponentials, from 1 to the length of a row: x times a reciprocal that is found once.
Value matchDivisionByExpSum(ImplicitLocOpBuilder& b, Operation* op, Ends) {
  auto quotient = dyn_cast<arith::DivFOp>(op);
  auto reduce = quotient ? quotient.getRhs().getDefiningOp<gems::pw::ReduceOp>() : gems::pw::ReduceOp();
  if (!reduce || reduce.getKind() != Reduction::exp_sum || quotient.getRhs() != reduce.getParts()[1]) return {};
  ImplicitLocOpBuilder ofRow(op->getLoc(), reduce->getNextNode());
  Value one = arith::ConstantOp::create(ofRow, ofRow.getF32FloatAttr(1));
  return arith::MulFOp::create(b, quotient.getLhs(), arith::DivFOp::create(ofRow, one, quotient.getRhs()));
}

Value matchOne(ImplicitLocOpBuilder& b, Operation* op, Ends ends) {
  static const llvm::StringMap<Approximation> functions = {
      {"arith.divf", Approximation::div}, {"math.cos", Approximation::cos},     {"math.erf", Approximation::erf},
      {"math.exp", Approximation::exp},   {"math.exp2", Approximation::exp2},   {"math.expm1", Approximation::expm1},
      {"math.log", Approximation::log},   {"math.log10", Approximation::log10}, {"math.log1p", Approximation::log1p},
      {"math.log2", Approximation::log2}, {"math.sin", Approximation::sin},     {"math.sqrt", Approximation::sqrt},
      {"math.tanh", Approximation::tanh},
  };
  auto found = functions.find(op->getName().getStringRef());
  if (found == functions.end() || (isa<math::ErfOp>(op) && needsExactErf(ends))) return {};
  Approximation function = found->second;
  // An f16 needs no care for large arguments.
  auto widened = op->getOperand(0).getDefiningOp<arith::ExtFOp>();
  if (widened && widened.getIn().getType().isF16()) {
    if (function == Approximation::sin) function = Approximation::sin_f16;
    if (function == Approximation::cos) function = Approximation::cos_f16;
  }
  return buildApproximation(b, function, op->getOperands());
}

// Whether the sum of exponentials may be approximate.
bool isApproximable(gems::pw::ReduceOp reduce, const llvm::DenseMap<Operation*, Ends>& approximable) {
  if (reduce.getKind() != Reduction::exp_sum || !reduce.getOperand().getType().isF32()) return false;
  const bool isOfNarrow = reduce.getOperand().getDefiningOp<arith::ExtFOp>() != nullptr;
  return llvm::all_of(reduce.getParts()[1].getUsers(), [&](Operation* user) {
    if (isa<math::LogOp>(user)) return isOfNarrow || approximable.contains(user);
    return approximable.contains(user) && carriesRelativeError(user);
  });
}

struct ApproximateMath : gems::pw::impl::ApproximateMathBase<ApproximateMath> {
  void runOnOperation() override {
    Block& block = getOperation().getBody().front();
    const llvm::DenseMap<Operation*, Ends> approximable = findApproximable(block);
    const llvm::DenseMap<Value, gems::Extent> extents = extentsOf(getOperation());
    const bool isRowwise = getOperation().getRowwise();
    for (auto reduce : block.getOps<gems::pw::ReduceOp>())
      if (isApproximable(reduce, approximable)) reduce.setApproximate(true);
    // The larger patterns first: they are known by the functions inside.
    for (auto match :
         {matchGelu, matchOneMinusTanhSquared, matchOnePlusOdd, matchLogistic, matchDivisionByExpSum, matchOne})
      for (Operation& op : llvm::make_early_inc_range(block)) {
        auto ends = approximable.find(&op);
        if (op.use_empty() || ends == approximable.end() || isa<gems::pw::ReduceOp>(op)) continue;
        if (isRowwise && !varies_along_columns(extents.lookup(op.getResult(0)))) continue;
        ImplicitLocOpBuilder b(op.getLoc(), &op);
        if (Value value = match(b, &op, ends->second)) op.getResult(0).replaceAllUsesWith(value);
      }
    // What was matched, users first.
    const SmallVector<Operation*> all = llvm::to_vector(llvm::make_pointer_range(block.without_terminator()));
    for (Operation* op : llvm::reverse(all))
      if (isOpTriviallyDead(op)) op->erase();
  }
};

}  // namespace
