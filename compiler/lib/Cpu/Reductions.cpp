// The formulas behind Reductions.h.
#include "Cpu/Reductions.h"

#include <limits>

#include "Cpu/Lanes.h"
#include "Scalar/Approximation.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace gems::cpu {
namespace {

constexpr double Infinity = std::numeric_limits<double>::infinity();
// No element yet.
constexpr int64_t NoIndex32 = std::numeric_limits<int32_t>::max();
constexpr int64_t NoIndex = std::numeric_limits<int64_t>::max();

Fold firstFold(pw::Reduction kind) {
  switch (kind) {
    case pw::Reduction::sum:
    case pw::Reduction::moments:
      return Fold::Sum;
    case pw::Reduction::prod:
      return Fold::Prod;
    case pw::Reduction::max:
    case pw::Reduction::umax:
    case pw::Reduction::exp_sum:
      return Fold::Max;
    case pw::Reduction::min:
    case pw::Reduction::umin:
      return Fold::Min;
    case pw::Reduction::max_index:
    case pw::Reduction::umax_index:
      return Fold::MaxIndex;
    case pw::Reduction::min_index:
    case pw::Reduction::umin_index:
      return Fold::MinIndex;
  }
  llvm_unreachable("every reduction is listed");
}

bool isMax(Fold fold) { return fold == Fold::Max || fold == Fold::MaxIndex; }

bool comparesUnsigned(pw::Reduction kind) {
  return kind == pw::Reduction::umax || kind == pw::Reduction::umin || kind == pw::Reduction::umax_index ||
         kind == pw::Reduction::umin_index;
}

Value constant(ImplicitLocOpBuilder& builder, Type element, int64_t lanes, Attribute number) {
  return arith::ConstantOp::create(builder, DenseElementsAttr::get(VectorType::get({lanes}, element), number));
}

Value converted(ImplicitLocOpBuilder& builder, Value integers, Type element) {
  auto type = VectorType::get(cast<VectorType>(integers.getType()).getShape(), element);
  return arith::SIToFPOp::create(builder, type, integers);
}

Value selected(ImplicitLocOpBuilder& builder, Value condition, Value a, Value b) {
  return arith::SelectOp::create(builder, condition, a, b);
}

// Nothing to subtract where all is -infinity: exp(-infinity) is 0.
Lanes base(Lanes maximum) { return select(maximum == -Infinity, maximum.constant(0.0), maximum); }

}  // namespace

Reduction::Reduction(pw::ReduceOp op)
    : kind_(op.getKind()),
      isApproximate_(op.getApproximate()),
      type_(registerType(op.getOperand().getType())),
      isBool_(type_.isInteger(1)),
      isUnsigned_(isBool_ || comparesUnsigned(kind_)),
      folds_{firstFold(kind_), Fold::Sum} {
  if (isBool_) type_ = IntegerType::get(op.getContext(), 8);
}

// The same as the body's own, where that is rounded to two bytes.
Value Reduction::exponential(ImplicitLocOpBuilder& builder, Value x) const {
  return isApproximate_ ? pw::buildApproximation(builder, pw::Approximation::exp, x)
                        : Value(math::ExpOp::create(builder, x));
}

SmallVector<Type> Reduction::accumulatorTypes(int pass) const {
  if (pass == 0 && needsIndex()) return {type_, IntegerType::get(type_.getContext(), 32)};
  return {type_};
}

SmallVector<Type> Reduction::partialTypes() const {
  if (kind_ == pw::Reduction::moments) return {type_, type_, type_};
  if (kind_ == pw::Reduction::exp_sum) return {type_, type_};
  if (needsIndex()) return {type_, IntegerType::get(type_.getContext(), 64)};
  return {type_};
}

Parts Reduction::identity(ImplicitLocOpBuilder& builder, int pass, int64_t lanes) const {
  const Fold fold = this->fold(pass);
  Attribute number;
  if (fold == Fold::Sum || fold == Fold::Prod) {
    const int64_t value = fold == Fold::Prod;
    number = isa<FloatType>(type_) ? Attribute(builder.getFloatAttr(type_, double(value)))
                                   : Attribute(builder.getIntegerAttr(type_, value));
  } else if (isa<FloatType>(type_)) {
    number = builder.getFloatAttr(type_, isMax(fold) ? -Infinity : Infinity);
  } else {
    const unsigned bits = type_.getIntOrFloatBitWidth();
    APInt lowest = isUnsigned_ ? APInt::getMinValue(bits) : APInt::getSignedMinValue(bits);
    APInt highest = isUnsigned_ ? APInt::getMaxValue(bits) : APInt::getSignedMaxValue(bits);
    if (isBool_) highest = APInt(bits, 1);
    number = builder.getIntegerAttr(type_, isMax(fold) ? lowest : highest);
  }
  Parts parts{constant(builder, type_, lanes, number)};
  if (accumulatorTypes(pass).size() == 2)
    parts.push_back(constant(builder, builder.getI32Type(), lanes, builder.getI32IntegerAttr(int32_t(NoIndex32))));
  return parts;
}

Parts Reduction::term(ImplicitLocOpBuilder& builder, int pass, Value x, Value index, Value earlier) const {
  if (isBool_) x = Lanes(builder, x).extended(type_).value();
  if (pass == 0) return needsIndex() ? Parts{x, index} : Parts{x};
  Lanes distance = Lanes(builder, x) - Lanes(builder, earlier);
  if (kind_ == pw::Reduction::moments) return {(distance * distance).value()};
  return {exponential(builder, distance.value())};
}

Parts Reduction::masked(ImplicitLocOpBuilder& builder, int pass, Value exists, const Parts& term) const {
  Parts none = identity(builder, pass, cast<VectorType>(term[0].getType()).getNumElements());
  Parts result;
  for (auto [value, absent] : llvm::zip_equal(term, none)) result.push_back(selected(builder, exists, value, absent));
  return result;
}

Parts Reduction::accumulated(ImplicitLocOpBuilder& builder, int pass, const Parts& sum, const Parts& term) const {
  if (pass != 0 || !needsIndex()) return folded(builder, pass, sum, term);
  // The first of equal ones stays.
  const bool max = isMax(fold(pass));
  Value isBetter;
  if (isa<FloatType>(type_)) {
    Value greater =
        arith::CmpFOp::create(builder, max ? arith::CmpFPredicate::UGT : arith::CmpFPredicate::ULT, term[0], sum[0]);
    Value isNumber = arith::CmpFOp::create(builder, arith::CmpFPredicate::ORD, sum[0], sum[0]);
    isBetter = arith::AndIOp::create(builder, greater, isNumber);
  } else {
    using Predicate = arith::CmpIPredicate;
    const Predicate predicate =
        isUnsigned_ ? (max ? Predicate::ugt : Predicate::ult) : (max ? Predicate::sgt : Predicate::slt);
    isBetter = arith::CmpIOp::create(builder, predicate, term[0], sum[0]);
  }
  return {selected(builder, isBetter, term[0], sum[0]), selected(builder, isBetter, term[1], sum[1])};
}

Parts Reduction::folded(ImplicitLocOpBuilder& builder, int pass, const Parts& a, const Parts& b) const {
  const bool isFloat = isa<FloatType>(type_);
  Lanes x(builder, a[0]), y(builder, b[0]);
  switch (fold(pass)) {
    case Fold::Sum:
      return {(x + y).value()};
    case Fold::Prod:
      return {(x * y).value()};
    case Fold::Max:
      if (isFloat) return {arith::MaximumFOp::create(builder, a[0], b[0])};
      if (isUnsigned_) return {arith::MaxUIOp::create(builder, a[0], b[0])};
      return {arith::MaxSIOp::create(builder, a[0], b[0])};
    case Fold::Min:
      if (isFloat) return {arith::MinimumFOp::create(builder, a[0], b[0])};
      if (isUnsigned_) return {arith::MinUIOp::create(builder, a[0], b[0])};
      return {arith::MinSIOp::create(builder, a[0], b[0])};
    case Fold::MaxIndex:
    case Fold::MinIndex:
      break;
  }
  // Of equal ones, and of two NaNs, the lower index.
  Parts chosen = accumulated(builder, pass, a, b);
  Value isEqual = isFloat ? Value(arith::CmpFOp::create(builder, arith::CmpFPredicate::OEQ, a[0], b[0]))
                          : Value(arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, a[0], b[0]));
  if (isFloat) {
    Value both = arith::AndIOp::create(builder, isNan(x).value(), isNan(y).value());
    isEqual = arith::OrIOp::create(builder, isEqual, both);
  }
  Value lower = arith::MinSIOp::create(builder, a[1], b[1]);
  return {chosen[0], selected(builder, isEqual, lower, chosen[1])};
}

Value Reduction::earlier(ImplicitLocOpBuilder& builder, const Parts& first, Value count) const {
  Lanes x(builder, first[0]);
  if (kind_ == pw::Reduction::exp_sum) return base(x).value();
  return (x / Lanes(builder, converted(builder, count, type_))).value();
}

Parts Reduction::partial(ImplicitLocOpBuilder& builder, const Parts& first, const Parts& second, Value count,
                         Value begin) const {
  if (kind_ == pw::Reduction::exp_sum) return {first[0], second[0]};
  if (kind_ == pw::Reduction::moments)
    return {converted(builder, count, type_), earlier(builder, first, count), second[0]};
  if (!needsIndex()) return first;
  Lanes index(builder, arith::ExtSIOp::create(builder, begin.getType(), first[1]));
  Lanes inRow = select(index == index.constant(NoIndex32), index.constant(NoIndex), index + Lanes(builder, begin));
  return {first[0], inRow.value()};
}

Parts Reduction::combined(ImplicitLocOpBuilder& builder, const Parts& a, const Parts& b) const {
  auto lanes = [&](Value value) { return Lanes(builder, value); };
  if (kind_ == pw::Reduction::moments) {
    Lanes count = lanes(a[0]) + lanes(b[0]);
    Lanes delta = lanes(b[1]) - lanes(a[1]);
    Lanes share = lanes(b[0]) / count;
    Lanes mean = lanes(a[1]) + delta * share;
    Lanes squares = (lanes(a[2]) + lanes(b[2])) + delta * delta * (lanes(a[0]) * share);
    return {count.value(), mean.value(), squares.value()};
  }
  if (kind_ == pw::Reduction::exp_sum) {
    Lanes maximum = lanes(arith::MaximumFOp::create(builder, a[0], b[0]));
    Lanes origin = base(maximum);
    auto scaled = [&](Value sum, Value from) {
      return lanes(sum) * lanes(exponential(builder, (lanes(from) - origin).value()));
    };
    Lanes sum = scaled(a[1], a[0]) + scaled(b[1], b[0]);
    return {maximum.value(), sum.value()};
  }
  return folded(builder, 0, a, b);
}

Parts Reduction::values(ImplicitLocOpBuilder& builder, const Parts& partial) const {
  if (kind_ == pw::Reduction::moments) return {partial[1], partial[2]};
  Parts parts = partial;
  if (isBool_) parts[0] = (Lanes(builder, parts[0]) != Lanes(builder, parts[0]).constant(0)).value();
  if (needsIndex()) {
    // All elements have the lowest value, or there are none.
    Lanes index(builder, parts[1]);
    parts[1] = select(index == index.constant(NoIndex), index.constant(0), index).value();
  }
  return parts;
}

Value broadcastLane(ImplicitLocOpBuilder& builder, Value vector, int64_t lanes) {
  return LLVM::ShuffleVectorOp::create(builder, vector, vector, SmallVector<int32_t>(lanes, 0));
}

}  // namespace gems::cpu
