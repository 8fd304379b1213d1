// What a body is written with: Tensor, Scalar and Flag operands, operators, select, casts and math functions. Each
// operation on an Expr appends a node to the trace; nothing is computed.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "gems/dsl/trace.h"

namespace gems {

class Tracer;

namespace dsl {

using enum DType;

namespace detail {
template <class>
inline constexpr bool AlwaysFalse = false;
template <class T>
concept Arithmetic = std::is_arithmetic_v<T>;
}  // namespace detail

// A traced value, or a literal that has not met one yet. A literal takes the dtype of what it meets; one that does not
// fit that dtype is an error. Operations on literals alone are computed at once, in bool, i64, f64 or c128; where only
// literals are selected or returned they take the compute dtype of the result (bool literals stay bool).
class Expr {
 public:
  template <detail::Arithmetic T>
  Expr(T value) : literal_(make_literal(value)), literal_category_(category_of<T>()) {}
  Expr(Tracer* tracer, int node) : tracer_(tracer), node_(node) {}

  // The dtype the value is computed in. A literal has none yet: calling this on one is an error.
  DType dtype() const;

  // A traced value has no truth value and no number: it is a description of work to be done later.
  template <std::same_as<bool> T>
  explicit operator T() const {
    static_assert(detail::AlwaysFalse<T>,
                  "a traced value cannot decide a branch: use select(condition, a, b) instead of if, ?:, && and ||");
    return false;
  }
  template <std::same_as<double> T>
  operator T() const {
    static_assert(detail::AlwaysFalse<T>,
                  "a traced value is not a number: use gems::dsl functions (exp, sqrt, ...) instead of those of std");
    return 0;
  }

  bool is_literal() const { return tracer_ == nullptr; }

 private:
  friend class gems::Tracer;
  template <class T>
  static constexpr Category category_of() {
    return std::same_as<T, bool> ? Category::Bool : std::integral<T> ? Category::Integer : Category::Float;
  }
  template <class T>
  static constexpr Constant make_literal(T value) {
    if constexpr (std::floating_point<T>) {
      return {0, static_cast<double>(value), 0};  // infinity has no integer
    } else {
      return {static_cast<std::int64_t>(value), static_cast<double>(value), 0};
    }
  }

  Tracer* tracer_ = nullptr;
  int node_ = -1;
  Constant literal_;
  Category literal_category_ = Category::Bool;
};

// Operand types of a body's parameters.
struct Tensor : Expr {
  using Expr::Expr;
};
struct Scalar : Expr {
  using Expr::Expr;
};
// Of rowwise ops: one value for each row, and one for each column.
struct Row : Expr {
  using Expr::Expr;
};
struct Column : Expr {
  using Expr::Expr;
};

namespace detail {
[[noreturn]] void refuse_absent(const Tracer* tracer, std::size_t position);
}

// An operand that a call may leave out. Whether it is there is known while the body runs: branch on it with plain C++.
template <std::derived_from<Expr> T>
class Optional {
 public:
  Optional() = default;
  explicit Optional(T value) : value_(value), is_given_(true) {}
  // An operand of the call that was left out.
  Optional(const Tracer* tracer, std::size_t position) : tracer_(tracer), position_(position) {}
  explicit operator bool() const { return is_given_; }
  // Of one that is there; throws gems::Error naming it if it is absent.
  const T& operator*() const {
    if (!is_given_) detail::refuse_absent(tracer_, position_);
    return value_;
  }

  template <std::same_as<Expr> E>
  operator E() const {
    static_assert(detail::AlwaysFalse<E>, "an Optional operand may be absent: branch on it, and write *operand for it");
    return value_;
  }

 private:
  T value_{nullptr, -1};
  bool is_given_ = false;
  const Tracer* tracer_ = nullptr;
  std::size_t position_ = 0;
};

// A constant of the call. Compare it, or branch on it with plain C++.
class Flag {
 public:
  explicit Flag(FlagValue value) : value_(value) {}
  explicit operator bool() const { return value_.integer != 0; }
  std::int64_t as_int() const { return value_.integer; }
  bool is_none() const { return value_.kind == FlagValue::Kind::None; }
  friend bool operator==(const Flag& flag, std::string_view text) {
    return flag.value_.kind == FlagValue::Kind::Text && flag.value_.text() == text;
  }

 private:
  FlagValue value_;
};

// Records op on up to three values; literals are given their dtype here. Throws gems::Error when the types do not fit.
Expr apply(ScalarOp op, Expr a);
Expr apply(ScalarOp op, Expr a, Expr b);
Expr apply(ScalarOp op, Expr a, Expr b, Expr c);

#define GEMS_BINARY_OPERATOR(symbol, Name)                                            \
  inline Expr operator symbol(Expr a, Expr b) { return apply(ScalarOp::Name, a, b); } \
  template <detail::Arithmetic T>                                                     \
  Expr operator symbol(Expr a, T b) {                                                 \
    return apply(ScalarOp::Name, a, Expr(b));                                         \
  }                                                                                   \
  template <detail::Arithmetic T>                                                     \
  Expr operator symbol(T a, Expr b) {                                                 \
    return apply(ScalarOp::Name, Expr(a), b);                                         \
  }
GEMS_BINARY_OPERATOR(+, Add)
GEMS_BINARY_OPERATOR(-, Sub)
GEMS_BINARY_OPERATOR(*, Mul)
GEMS_BINARY_OPERATOR(/, Div)
GEMS_BINARY_OPERATOR(%, Fmod)
GEMS_BINARY_OPERATOR(&, BitAnd)
GEMS_BINARY_OPERATOR(|, BitOr)
GEMS_BINARY_OPERATOR(^, BitXor)
GEMS_BINARY_OPERATOR(<<, Shl)
GEMS_BINARY_OPERATOR(>>, Shr)
GEMS_BINARY_OPERATOR(==, Eq)
GEMS_BINARY_OPERATOR(!=, Ne)
GEMS_BINARY_OPERATOR(<, Lt)
GEMS_BINARY_OPERATOR(<=, Le)
GEMS_BINARY_OPERATOR(>, Gt)
GEMS_BINARY_OPERATOR(>=, Ge)
#undef GEMS_BINARY_OPERATOR

inline Expr operator-(Expr x) { return apply(ScalarOp::Neg, x); }
inline Expr operator+(Expr x) { return x; }
inline Expr operator~(Expr x) { return apply(ScalarOp::BitNot, x); }

#define GEMS_LOGICAL_OPERATOR(symbol)                                                                             \
  template <class A, class B>                                                                                     \
    requires(std::derived_from<A, Expr> || std::derived_from<B, Expr>)                                            \
  Expr operator symbol(const A&, const B&) {                                                                      \
    static_assert(detail::AlwaysFalse<A>, "&& and || do not work on traced values: use logical_and, logical_or"); \
    return Expr(0);                                                                                               \
  }
GEMS_LOGICAL_OPERATOR(&&)
GEMS_LOGICAL_OPERATOR(||)
#undef GEMS_LOGICAL_OPERATOR
template <std::derived_from<Expr> A>
Expr operator!(const A&) {
  static_assert(detail::AlwaysFalse<A>, "! does not work on traced values: use logical_not");
  return Expr(0);
}

// condition ? if_true : if_false, for each element. condition is bool, or anything else, read as != 0.
Expr select(Expr condition, Expr if_true, Expr if_false);
Expr cast(Expr x, DType to);
// x in the dtype that another value is computed in.
inline Expr cast_like(Expr x, Expr other) { return cast(x, other.dtype()); }
// The bits of a traced integer or float, read as another of the same size. Operands are what they are computed in: f16
// and bf16 are f32 here, but for those that no promotion names.
Expr bit_cast(Expr x, DType to);

Expr logical_and(Expr a, Expr b);
Expr logical_or(Expr a, Expr b);
Expr logical_xor(Expr a, Expr b);
Expr logical_not(Expr x);

#define GEMS_UNARY_FUNCTION(function, Name) \
  inline Expr function(Expr x) { return apply(ScalarOp::Name, x); }
GEMS_UNARY_FUNCTION(abs, Abs)
GEMS_UNARY_FUNCTION(sqrt, Sqrt)
GEMS_UNARY_FUNCTION(rsqrt, Rsqrt)
GEMS_UNARY_FUNCTION(reciprocal, Reciprocal)
GEMS_UNARY_FUNCTION(exp, Exp)
GEMS_UNARY_FUNCTION(exp2, Exp2)
GEMS_UNARY_FUNCTION(expm1, Expm1)
GEMS_UNARY_FUNCTION(log, Log)
GEMS_UNARY_FUNCTION(log2, Log2)
GEMS_UNARY_FUNCTION(log10, Log10)
GEMS_UNARY_FUNCTION(log1p, Log1p)
GEMS_UNARY_FUNCTION(sin, Sin)
GEMS_UNARY_FUNCTION(cos, Cos)
GEMS_UNARY_FUNCTION(tan, Tan)
GEMS_UNARY_FUNCTION(asin, Asin)
GEMS_UNARY_FUNCTION(acos, Acos)
GEMS_UNARY_FUNCTION(atan, Atan)
GEMS_UNARY_FUNCTION(sinh, Sinh)
GEMS_UNARY_FUNCTION(cosh, Cosh)
GEMS_UNARY_FUNCTION(tanh, Tanh)
GEMS_UNARY_FUNCTION(sigmoid, Sigmoid)
GEMS_UNARY_FUNCTION(erf, Erf)
GEMS_UNARY_FUNCTION(erfc, Erfc)
GEMS_UNARY_FUNCTION(floor, Floor)
GEMS_UNARY_FUNCTION(ceil, Ceil)
GEMS_UNARY_FUNCTION(trunc, Trunc)
GEMS_UNARY_FUNCTION(round, Round)
GEMS_UNARY_FUNCTION(sign, Sign)
GEMS_UNARY_FUNCTION(isnan, IsNan)
GEMS_UNARY_FUNCTION(isinf, IsInf)
GEMS_UNARY_FUNCTION(isfinite, IsFinite)
GEMS_UNARY_FUNCTION(real, Real)
GEMS_UNARY_FUNCTION(imag, Imag)
GEMS_UNARY_FUNCTION(conj, Conj)
#undef GEMS_UNARY_FUNCTION

#define GEMS_BINARY_FUNCTION(function, Name) \
  inline Expr function(Expr a, Expr b) { return apply(ScalarOp::Name, a, b); }
GEMS_BINARY_FUNCTION(pow, Pow)
GEMS_BINARY_FUNCTION(atan2, Atan2)
GEMS_BINARY_FUNCTION(fmod, Fmod)
GEMS_BINARY_FUNCTION(remainder, Remainder)
GEMS_BINARY_FUNCTION(floor_div, FloorDiv)
GEMS_BINARY_FUNCTION(trunc_div, TruncDiv)
GEMS_BINARY_FUNCTION(min, Min)
GEMS_BINARY_FUNCTION(max, Max)
GEMS_BINARY_FUNCTION(fmin, Fmin)
GEMS_BINARY_FUNCTION(fmax, Fmax)
GEMS_BINARY_FUNCTION(copysign, Copysign)
GEMS_BINARY_FUNCTION(nextafter, Nextafter)
GEMS_BINARY_FUNCTION(complex, Complex)
#undef GEMS_BINARY_FUNCTION

// a * b + c, rounded once.
inline Expr fma(Expr a, Expr b, Expr c) { return apply(ScalarOp::Fma, a, b, c); }

}  // namespace dsl
}  // namespace gems
