// The tests on numbers, by the overload's rules.
#include "first_call/number_checks.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "first_call/zero_divisor.h"
#include "gems/dsl/element.h"

namespace gems::aten {
namespace {

// A negative number for an unsigned type is ATen's: it wraps (c10::overflows), but bounds of clamp are met as they are
// from PyTorch 2.15 on.
bool fits_integer(std::int64_t value, DType dtype) {
  if (dtype == DType::I64) return true;
  if (dtype == DType::U64) return value >= 0;
  const int bits = static_cast<int>(size_bytes(dtype)) * 8;
  const std::int64_t high = (std::int64_t{1} << (is_signed(dtype) ? bits - 1 : bits)) - 1;
  const std::int64_t low = is_signed(dtype) ? -high - 1 : 0;
  return low <= value && value <= high;
}

double highest(DType dtype) {
  switch (real_of(dtype)) {
    case DType::F16:
      return 65504;
    case DType::BF16:
      return 3.3895313892515355e38;
    case DType::F32:
      return std::numeric_limits<float>::max();
    case DType::F8E4M3FN:
      return 448;
    case DType::F8E4M3FNUZ:
      return 240;
    case DType::F8E5M2:
    case DType::F8E5M2FNUZ:
      return 57344;
    case DType::F8E8M0FNU:
      return 0x1p127;
    default:
      return std::numeric_limits<double>::max();
  }
}

// Of integers only the low width_bytes count, those of the dtype that is divided in.
bool is_zero(const NumberValue& number, std::size_t width_bytes) {
  if (!is_integral(number.dtype)) return number.value == 0.0;
  const std::size_t unused_bytes = 8 - std::min<std::size_t>(width_bytes, 8);
  return static_cast<std::uint64_t>(number.integer) << (8 * unused_bytes) == 0;
}

// Stricter than ATen at the edges: what is refused here only goes the slower way.
bool fits(const NumberValue& number, DType dtype) {
  if (is_integral(number.dtype)) {
    if (is_bool(dtype)) return number.integer == 0 || number.integer == 1;
    const bool is_beyond_i64 = number.dtype == DType::U64 && number.integer < 0;
    if (is_integer(dtype)) return is_beyond_i64 ? dtype == DType::U64 : fits_integer(number.integer, dtype);
    return std::abs(is_beyond_i64 ? 0x1p64 : static_cast<double>(number.integer)) <= highest(dtype);
  }
  if (is_complex(number.dtype) && !is_complex(dtype)) return false;
  if (is_integral(dtype)) {
    const double whole = std::trunc(number.value.real());
    if (is_bool(dtype)) return number.value.real() == 0 || number.value.real() == 1;
    return std::abs(whole) < 0x1p53 && fits_integer(static_cast<std::int64_t>(whole), dtype);
  }
  const auto part_fits = [&](double part) { return !std::isfinite(part) || std::abs(part) <= highest(dtype); };
  return part_fits(number.value.real()) && part_fits(number.value.imag());
}

// Whether the argument at a position is a number, in the call's or in a 0-dim tensor's own memory.
bool is_number(const Request& request, const CallGeometry& geometry, std::size_t position) {
  if (position >= request.arguments.size()) return false;
  const CallArgument::Kind kind = request.arguments[position].kind;
  return kind != CallArgument::Kind::Flag && kind != CallArgument::Kind::Absent && !geometry.in_memory(position);
}

// Whether the dtype has this very number.
bool holds(const NumberValue& number, DType dtype) {
  const Element given{.dtype = number.dtype, .integer = number.integer, .value = number.value};
  const Element wide = cast_element(given, DType::C128);
  return cast_element(cast_element(given, dtype), DType::C128).value == wide.value;
}

}  // namespace

NumberChecks number_checks(const Request& request, const CallGeometry& geometry, const ResolvedTypes& types) {
  NumberChecks checks;
  const CallRules& rules = request.rules;
  const DType result = types.result[0];
  if (rules.checks_zero_divisor) {
    const bool by_number = is_number(request, geometry, 1);
    const bool on_cpu = geometry.device().is_cpu();
    // On CUDA ATen multiplies by the reciprocal of a number: for a complex zero that gives NaN, not an infinity.
    if (by_number && (is_integral(result) || (is_complex(result) && !on_cpu)))
      checks.divisor = geometry.in_memory(0) ? 0 : 1;
    checks.searches_divisor = is_integral(result) && !by_number && on_cpu;
    checks.divisor_bytes = size_bytes(types.operand_compute[1]);
  }
  if (is_float8(result) && types.result_compute[0] != result) checks.exact_dtype = result;
  if (rules.rejects_negative_exponent && is_integral(result) && is_number(request, geometry, 1))
    checks.exponent = geometry.in_memory(0) ? 0 : 1;
  // c128 holds anything: a number that came as a tensor is converted without a check.
  const auto limit = [&](std::size_t i) {
    if (request.arguments[i].kind != CallArgument::Kind::Number) return DType::C128;
    if (request.aten_probe != nullptr) return result;
    const bool is_truth = is_bool(types.operand_compute[i]);
    return request.op->operands[i].kind == OperandKind::Scalar && !is_truth ? types.operand_compute[i] : DType::C128;
  };
  if (rules.numbers_must_fit || request.aten_probe == nullptr)
    for (std::size_t i = 0; i < request.arguments.size(); ++i)
      if (is_number(request, geometry, i)) checks.limits.push_back(limit(i));
  return checks;
}

std::optional<DeclineReason> check_numbers(const Request& request, const CallGeometry& geometry,
                                           const NumberChecks& checks) {
  const std::span<const NumberValue> numbers = geometry.numbers();
  if (checks.divisor >= 0 && is_zero(numbers[static_cast<std::size_t>(checks.divisor)], checks.divisor_bytes))
    return DeclineReason::ZeroDivisor;
  if (checks.searches_divisor && has_zero(*request.arguments[1].tensor, checks.divisor_bytes))
    return DeclineReason::ZeroDivisor;
  if (checks.exponent >= 0 && numbers[static_cast<std::size_t>(checks.exponent)].integer < 0)
    return DeclineReason::NumberRange;
  if (checks.exact_dtype)
    for (const NumberValue& number : numbers)
      if (!holds(number, *checks.exact_dtype)) return DeclineReason::NumberRange;
  for (std::size_t i = 0; i < checks.limits.size(); ++i)
    if (!fits(numbers[i], checks.limits[i])) return DeclineReason::NumberRange;
  return std::nullopt;
}

}  // namespace gems::aten
