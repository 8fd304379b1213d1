// Scalar operations on bool and integers: two's complement, and nothing traps or is undefined.
#include "Import/ImportScalar.h"
#include "Scalar/Cast.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace gems;
using namespace gems::pw;

using arith::CmpIPredicate;

namespace {

// Operations on integers of one type; `isSigned` chooses between the two forms of what depends on it.
struct Integers {
  ImplicitLocOpBuilder& b;
  Type type;
  bool isSigned;

  unsigned width() const { return type.getIntOrFloatBitWidth(); }
  Value number(int64_t value) const { return buildInteger(b, type, value); }
  Value compare(CmpIPredicate predicate, Value x, Value y) const { return arith::CmpIOp::create(b, predicate, x, y); }
  Value less(Value x, Value y) const { return compare(isSigned ? CmpIPredicate::slt : CmpIPredicate::ult, x, y); }
  Value equals(Value x, int64_t value) const { return compare(CmpIPredicate::eq, x, number(value)); }
  Value differs(Value x, int64_t value) const { return compare(CmpIPredicate::ne, x, number(value)); }
  Value select(Value condition, Value x, Value y) const { return arith::SelectOp::create(b, condition, x, y); }
  Value both(Value p, Value q) const { return arith::AndIOp::create(b, p, q); }
  Value add(Value x, Value y) const { return arith::AddIOp::create(b, x, y); }
  Value negate(Value x) const { return arith::SubIOp::create(b, number(0), x); }

  // Neither traps nor overflows: 1 in place of 0, and of -1 by which a remainder is 0 too.
  Value safeDivisor(Value y) const {
    Value unsafe = isSigned ? compare(CmpIPredicate::ult, add(y, number(1)), number(2)) : equals(y, 0);
    return select(unsafe, number(1), y);
  }
  // The quotient of magnitudes takes the sign from outside: there is no -1 to look for. Away from zero where
  // `roundsUp`.
  Value divideMagnitudes(Value x, Value y, Value isNegative, bool roundsUp) const {
    Value dividend = math::AbsIOp::create(b, x);
    Value divisor = arith::MaxUIOp::create(b, math::AbsIOp::create(b, y), number(1));
    if (roundsUp) dividend = add(dividend, select(isNegative, arith::SubIOp::create(b, divisor, number(1)), number(0)));
    Value quotient = arith::DivUIOp::create(b, dividend, divisor);
    return select(equals(y, 0), number(0), select(isNegative, negate(quotient), quotient));
  }
  // x / 0 = 0; the lowest integer by -1 is itself.
  Value divide(Value x, Value y, bool roundsDown) const {
    if (isSigned) return divideMagnitudes(x, y, less(arith::XOrIOp::create(b, x, y), number(0)), roundsDown);
    return select(equals(y, 0), number(0), arith::DivUIOp::create(b, x, safeDivisor(y)));
  }
  // x % 0 = 0; x % -1 = 0.
  Value modulo(Value x, Value y) const {
    Value divisor = safeDivisor(y);
    if (isSigned) return arith::RemSIOp::create(b, x, divisor);
    return arith::RemUIOp::create(b, x, divisor);
  }
  Value remainder(Value x, Value y) const {
    Value m = modulo(x, y);
    if (!isSigned) return m;
    Value signsDiffer = less(arith::XOrIOp::create(b, m, y), number(0));
    return select(both(differs(m, 0), signsDiffer), add(m, y), m);
  }
  // As at::native::powi: a negative exponent gives the truncated quotient 1 / x^-y, 0 for x = 0.
  Value power(Value x, Value y) const {
    if (!isSigned) return math::IPowIOp::create(b, x, y);
    Value isNegative = less(y, number(0));
    Value isOdd = differs(arith::AndIOp::create(b, y, number(1)), 0);
    Value ofMinusOne = select(isOdd, number(-1), number(1));
    Value inverse = select(equals(x, 1), number(1), select(equals(x, -1), ofMinusOne, number(0)));
    Value power = math::IPowIOp::create(b, x, select(isNegative, number(0), y));
    return select(isNegative, inverse, power);
  }
  // The unsigned comparison also catches negative counts.
  Value countFits(Value count) const {
    return compare(CmpIPredicate::ult, count, number(static_cast<int64_t>(width())));
  }
  Value shiftLeft(Value x, Value count) const {
    if (width() == 1) return both(x, arith::XOrIOp::create(b, count, number(1)));
    Value fits = countFits(count);
    return select(fits, arith::ShLIOp::create(b, x, select(fits, count, number(0))), number(0));
  }
  Value shiftRight(Value x, Value count) const {
    if (width() == 1) return shiftLeft(x, count);
    if (isSigned) {
      Value last = number(static_cast<int64_t>(width()) - 1);
      return arith::ShRSIOp::create(b, x, arith::MinUIOp::create(b, count, last));
    }
    Value fits = countFits(count);
    return select(fits, arith::ShRUIOp::create(b, x, select(fits, count, number(0))), number(0));
  }
  Value sign(Value x) const {
    Value positive = select(less(number(0), x), number(1), number(0));
    return isSigned ? select(less(x, number(0)), number(-1), positive) : positive;
  }
};

CmpIPredicate predicateOf(ScalarOp op, bool isSigned) {
  switch (op) {
    case ScalarOp::Eq:
      return CmpIPredicate::eq;
    case ScalarOp::Ne:
      return CmpIPredicate::ne;
    case ScalarOp::Lt:
      return isSigned ? CmpIPredicate::slt : CmpIPredicate::ult;
    case ScalarOp::Le:
      return isSigned ? CmpIPredicate::sle : CmpIPredicate::ule;
    case ScalarOp::Gt:
      return isSigned ? CmpIPredicate::sgt : CmpIPredicate::ugt;
    default:
      return isSigned ? CmpIPredicate::sge : CmpIPredicate::uge;
  }
}

}  // namespace

Value pw::importIntegral(ImplicitLocOpBuilder& b, ScalarOp op, DType dtype, ValueRange args) {
  const Integers on{b, args[0].getType(), is_signed(dtype)};
  Value x = args[0], y = args.size() > 1 ? args[1] : Value();
  switch (op) {
    case ScalarOp::BitAnd:
      return arith::AndIOp::create(b, x, y);
    case ScalarOp::BitOr:
      return arith::OrIOp::create(b, x, y);
    case ScalarOp::BitXor:
      return arith::XOrIOp::create(b, x, y);
    case ScalarOp::BitNot:
      return arith::XOrIOp::create(b, x, on.number(-1));
    case ScalarOp::Shl:
      return on.shiftLeft(x, y);
    case ScalarOp::Shr:
      return on.shiftRight(x, y);
    case ScalarOp::Eq:
    case ScalarOp::Ne:
    case ScalarOp::Lt:
    case ScalarOp::Le:
    case ScalarOp::Gt:
    case ScalarOp::Ge:
      return on.compare(predicateOf(op, on.isSigned), x, y);
    case ScalarOp::Sign:
      return is_bool(dtype) ? x : on.sign(x);
    default:
      break;
  }
  if (is_bool(dtype)) return {};  // arithmetic on bool is not defined
  switch (op) {
    case ScalarOp::Add:
      return on.add(x, y);
    case ScalarOp::Sub:
      return arith::SubIOp::create(b, x, y);
    case ScalarOp::Mul:
      return arith::MulIOp::create(b, x, y);
    case ScalarOp::Div:
    case ScalarOp::TruncDiv:
      return on.divide(x, y, /*roundsDown=*/false);
    case ScalarOp::FloorDiv:
      return on.divide(x, y, /*roundsDown=*/true);
    case ScalarOp::Fmod:
      return on.modulo(x, y);
    case ScalarOp::Remainder:
      return on.remainder(x, y);
    case ScalarOp::Pow:
      return on.power(x, y);
    case ScalarOp::Neg:
      return on.negate(x);
    case ScalarOp::Abs:
      return on.isSigned ? math::AbsIOp::create(b, x).getResult() : x;
    case ScalarOp::Min:
    case ScalarOp::Fmin:
      if (on.isSigned) return arith::MinSIOp::create(b, x, y);
      return arith::MinUIOp::create(b, x, y);
    case ScalarOp::Max:
    case ScalarOp::Fmax:
      if (on.isSigned) return arith::MaxSIOp::create(b, x, y);
      return arith::MaxUIOp::create(b, x, y);
    default:
      return {};
  }
}
