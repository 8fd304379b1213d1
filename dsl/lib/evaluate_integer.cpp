// Scalar operations on bool and integers: two's complement, nothing traps.
#include <cstdint>
#include <type_traits>

#include <fmt/format.h>

#include "evaluate_category.h"
#include "gems/dsl/error.h"
#include "integers.h"

namespace gems {
namespace {

using Bits = std::uint64_t;

// Every operation on the 64-bit form of one signedness (T: std::int64_t or std::uint64_t). Results wrap afterwards.
template <class T>
struct Arithmetic {
  static constexpr bool is_signed = std::is_signed_v<T>;

  static T negate(T a) { return static_cast<T>(Bits{0} - static_cast<Bits>(a)); }
  // The lowest integer divided by -1 traps on x86.
  static bool is_minus_one(T b) { return is_signed && b == static_cast<T>(-1); }

  static T divide(T a, T b) {
    if (b == 0) return 0;
    return is_minus_one(b) ? negate(a) : a / b;
  }
  static T modulo(T a, T b) { return b == 0 || is_minus_one(b) ? 0 : a % b; }
  static T floor_divide(T a, T b) {
    const bool inexact_and_negative = modulo(a, b) != 0 && (a < 0) != (b < 0);
    return inexact_and_negative ? divide(a, b) - 1 : divide(a, b);
  }
  static T remainder(T a, T b) {
    const T m = modulo(a, b);
    return m != 0 && (m < 0) != (b < 0) ? m + b : m;
  }
  static T power(T base, T exponent) {
    if (exponent < 0) {
      if (base == 1) return 1;
      if (is_minus_one(base)) return exponent % 2 == 0 ? T{1} : base;
      return 0;
    }
    Bits result = 1;
    Bits factor = static_cast<Bits>(base);
    for (Bits left = static_cast<Bits>(exponent); left != 0; left >>= 1) {
      if (left & 1) result *= factor;
      factor *= factor;
    }
    return static_cast<T>(result);
  }
};

template <class T>
bool compare(ScalarOp op, T a, T b) {
  switch (op) {
    case ScalarOp::Eq:
      return a == b;
    case ScalarOp::Ne:
      return a != b;
    case ScalarOp::Lt:
      return a < b;
    case ScalarOp::Le:
      return a <= b;
    case ScalarOp::Gt:
      return a > b;
    default:
      return a >= b;
  }
}

template <class T>
Bits compute(ScalarOp op, DType dtype, T a, T b) {
  using Ops = Arithmetic<T>;
  const auto x = static_cast<Bits>(a);
  const auto y = static_cast<Bits>(b);
  const bool count_in_range = b >= 0 && y < static_cast<Bits>(width_bits(dtype));
  switch (op) {
    case ScalarOp::Add:
      return x + y;
    case ScalarOp::Sub:
      return x - y;
    case ScalarOp::Mul:
      return x * y;
    case ScalarOp::Div:
    case ScalarOp::TruncDiv:
      return static_cast<Bits>(Ops::divide(a, b));
    case ScalarOp::FloorDiv:
      return static_cast<Bits>(Ops::floor_divide(a, b));
    case ScalarOp::Fmod:
      return static_cast<Bits>(Ops::modulo(a, b));
    case ScalarOp::Remainder:
      return static_cast<Bits>(Ops::remainder(a, b));
    case ScalarOp::Pow:
      return static_cast<Bits>(Ops::power(a, b));
    case ScalarOp::Min:
    case ScalarOp::Fmin:
      return static_cast<Bits>(b < a ? b : a);
    case ScalarOp::Max:
    case ScalarOp::Fmax:
      return static_cast<Bits>(a < b ? b : a);
    case ScalarOp::BitAnd:
      return x & y;
    case ScalarOp::BitOr:
      return x | y;
    case ScalarOp::BitXor:
      return x ^ y;
    case ScalarOp::Shl:
      return count_in_range ? x << y : 0;
    case ScalarOp::Shr:
      if (!count_in_range) return a < 0 ? ~Bits{0} : 0;
      return static_cast<Bits>(a >> y);
    case ScalarOp::Neg:
      return static_cast<Bits>(Ops::negate(a));
    case ScalarOp::Abs:
      return static_cast<Bits>(a < 0 ? Ops::negate(a) : a);
    case ScalarOp::BitNot:
      return is_bool(dtype) ? Bits{x == 0} : ~x;
    case ScalarOp::Sign:
      return static_cast<Bits>(a < 0 ? -1 : a > 0 ? 1 : 0);
    default:
      throw Error(fmt::format("{} is not defined on {}", name(op), name(dtype)));
  }
}

template <class T>
Element evaluate_as(ScalarOp op, DType result, std::span<const Element> args) {
  const T a = static_cast<T>(args[0].integer);
  const T b = args.size() > 1 ? static_cast<T>(args[1].integer) : T{0};
  if (op >= ScalarOp::Eq && op <= ScalarOp::Ge) return truth(compare(op, a, b));
  return {.dtype = result, .integer = wrap(result, compute(op, args[0].dtype, a, b))};
}

}  // namespace

Element evaluate_integer(ScalarOp op, DType result, std::span<const Element> args) {
  return is_signed(args[0].dtype) ? evaluate_as<std::int64_t>(op, result, args)
                                  : evaluate_as<std::uint64_t>(op, result, args);
}

}  // namespace gems
