// Arrangements of arguments, by overload.
#include "overrides/arrange/override_arrange.h"

#include <cmath>
#include <limits>
#include <utility>

#include "gems/aten/dtype.h"
#include "gems/ops/catalogue.h"
#include "geometry/number_value.h"

namespace gems::aten {
namespace {

bool is_absent(const CallArgument& argument) {
  return argument.kind == CallArgument::Kind::Flag && argument.flag.kind == FlagValue::Kind::None;
}

std::optional<DeclineReason> needs_bool(const CallArgument& argument) {
  if (argument.tensor->scalar_type() != at::kBool) return DeclineReason::Dtype;
  return std::nullopt;
}

// Whether ATen converts each value of one dtype to another without raising, whatever the value is.
bool holds_all_of(DType to, DType from) {
  if (to == from || is_bool(from)) return true;
  if (is_integral(from)) {
    if (is_integral(to)) return size_bytes(to) > size_bytes(from) && is_signed(to);
    return real_of(to) != DType::F16 && !is_float8(to);
  }
  if (is_float8(from)) return size_bytes(real_of(to)) >= 4;
  return category(to) >= category(from) && size_bytes(real_of(to)) > size_bytes(real_of(from));
}

// masked_fill with the value in device memory, where reading it here would wait for the device: where(mask, value, x).
std::optional<DeclineReason> fill_by_where(OverrideCall& call) {
  static const OpDef& where = ops::find_or_throw("where");
  const auto to = to_dtype(call.arguments[0].tensor->scalar_type());
  const auto from = to_dtype(call.arguments[2].tensor->scalar_type());
  if (!to || !from) return DeclineReason::Dtype;
  if (!holds_all_of(*to, *from)) return DeclineReason::NumberRange;
  call.op = &where;
  std::swap(call.arguments[0], call.arguments[2]);
  std::swap(call.arguments[0], call.arguments[1]);
  return needs_bool(call.arguments[0]);
}

bool is_nan(const CallArgument& argument) {
  return argument.kind == CallArgument::Kind::Number && argument.number->isFloatingPoint() &&
         std::isnan(argument.number->toDouble());
}

}  // namespace

// ATen's kernel for powers of complex halves on CUDA is a program apart, compiled at run time, with C99's limits at
// infinities; its kernels for wider types have thrust's.
std::optional<DeclineReason> decline_complex_half(const Override&, OverrideCall& call) {
  for (const CallArgument& argument : call.arguments)
    if (argument.kind == CallArgument::Kind::Tensor && argument.tensor->is_cuda() &&
        argument.tensor->scalar_type() == at::kComplexHalf)
      return DeclineReason::Dtype;
  return std::nullopt;
}

// Source: ATen/native/cpu/PowKernel.cpp, ATen/native/cuda/PowKernel.cu and, for 0 and 1, ATen/native/Pow.cpp.
std::optional<DeclineReason> choose_by_exponent(const Override& row, OverrideCall& call) {
  static const OpDef& multiplied = ops::find_or_throw("pow_multiplied");
  static const OpDef& sqrt = ops::find_or_throw("sqrt");
  static const OpDef& rsqrt = ops::find_or_throw("rsqrt");
  static const OpDef& reciprocal = ops::find_or_throw("reciprocal");
  const at::Tensor& base = *call.arguments[0].tensor;
  const at::Scalar& number = *call.arguments[1].number;
  if (number.isComplex()) return decline_complex_half(row, call);
  const double exponent = number.toDouble();
  // ATen fills the result without reading the base, or copies it, which in place is nothing at all.
  if (exponent == 0 || exponent == 1) return DeclineReason::Exponent;
  const bool is_integral = at::isIntegralType(base.scalar_type(), /*includeBool=*/true);
  if (is_integral && number.isFloatingPoint()) return std::nullopt;
  const bool multiplies_all = !base.is_complex() || base.is_cpu();
  if (exponent == 2 || (exponent == 3 && multiplies_all) || (exponent == -2 && multiplies_all && !is_integral)) {
    call.op = &multiplied;
    call.arguments[1] = CallArgument(FlagValue(static_cast<int>(exponent)));
    return std::nullopt;
  }
  const bool has_functions = !base.is_cpu() || base.scalar_type() != at::kHalf;
  const OpDef* function = exponent == 0.5 ? &sqrt : exponent == -0.5 ? &rsqrt : exponent == -1 ? &reciprocal : nullptr;
  if (function == nullptr || !has_functions || is_integral) return decline_complex_half(row, call);
  call.op = function;
  call.arguments = call.arguments.first(1);
  return std::nullopt;
}

std::optional<DeclineReason> choose_by_float_width(const Override&, OverrideCall& call) {
  static const OpDef& of_float8 = ops::find_or_throw("abs_float8");
  const auto dtype = to_dtype(call.arguments[0].tensor->scalar_type());
  if (dtype && is_float8(*dtype)) call.op = &of_float8;
  return std::nullopt;
}

std::optional<DeclineReason> choose_by_rounding_mode(const Override&, OverrideCall& call) {
  static const OpDef& trunc = ops::find_or_throw("div_trunc");
  static const OpDef& floor = ops::find_or_throw("div_floor");
  const FlagValue mode = call.arguments.back().flag;
  call.arguments = call.arguments.first(call.arguments.size() - 1);
  if (mode == FlagValue("trunc"))
    call.op = &trunc;
  else if (mode == FlagValue("floor"))
    call.op = &floor;
  else if (mode.kind != FlagValue::Kind::None)
    return DeclineReason::Arguments;
  return std::nullopt;
}

std::optional<DeclineReason> choose_by_bounds(const Override&, OverrideCall& call) {
  static const at::Scalar infinity(std::numeric_limits<double>::infinity());
  static const at::Scalar minus_infinity(-std::numeric_limits<double>::infinity());
  static const OpDef& only_min = ops::find_or_throw("clamp_min");
  static const OpDef& only_max = ops::find_or_throw("clamp_max");
  const bool has_min = !is_absent(call.arguments[1]);
  const bool has_max = !is_absent(call.arguments[2]);
  if (has_min && has_max) return std::nullopt;
  if (!has_min && !has_max) return DeclineReason::Arguments;
  call.op = has_min ? &only_min : &only_max;
  if (has_max) call.arguments[1] = call.arguments[2];
  call.arguments = call.arguments.first(2);
  if (is_nan(call.arguments[1])) call.arguments[1].number = has_min ? &minus_infinity : &infinity;
  return std::nullopt;
}

std::optional<DeclineReason> require_bool_condition(const Override&, OverrideCall& call) {
  return needs_bool(call.arguments[0]);
}

std::optional<DeclineReason> require_bool_mask(const Override&, OverrideCall& call) {
  // ATen cuts a fraction off without a word where a tensor of integers is filled.
  CallArgument& value = call.arguments[2];
  const at::ScalarType dtype = call.arguments[0].tensor->scalar_type();
  if (value.number->isFloatingPoint() && at::isIntegralType(dtype, /*includeBool=*/true)) {
    const double given = value.number->toDouble();
    const double whole = std::trunc(given);
    const bool loses_sign = given < 0 && !c10::isSignedType(dtype);
    if (!(std::abs(whole) < 0x1p53) || loses_sign || dtype == at::kBool) return DeclineReason::NumberRange;
    call.number = static_cast<std::int64_t>(whole);
    value = CallArgument(call.number);
  }
  return needs_bool(call.arguments[1]);
}

std::optional<DeclineReason> read_fill_value(const Override&, OverrideCall& call) {
  const at::Tensor& value = *call.arguments[2].tensor;
  if (value.dim() != 0) return DeclineReason::AtenRaises;
  if (!value.is_cpu()) return fill_by_where(call);
  NumberValue number;
  if (!to_number(value, number)) return DeclineReason::Dtype;
  switch (number.dtype) {
    case DType::Bool:
      call.number = number.integer != 0;
      break;
    case DType::I64:
      call.number = number.integer;
      break;
    case DType::U64:
      call.number = static_cast<std::uint64_t>(number.integer);
      break;
    case DType::F64:
      call.number = number.value.real();
      break;
    default:
      call.number = c10::complex<double>(number.value);
      break;
  }
  call.arguments[2] = CallArgument(call.number);
  return needs_bool(call.arguments[1]);
}

std::optional<DeclineReason> convert_source(const Override&, OverrideCall& call) {
  const at::Tensor& to = *call.arguments[0].tensor;
  const at::Tensor& from = *call.arguments[1].tensor;
  if (to.device() != from.device()) return DeclineReason::Devices;
  // Without a conversion ATen's copy is as good, unless elements change their order: then tiles beat it on a GPU.
  if (to.scalar_type() == from.scalar_type() && (to.is_cpu() || to.strides() == from.strides()))
    return DeclineReason::NoConversion;
  // A number is converted by ATen's kernels on their way; promotion does not keep its digits.
  if (from.unsafeGetTensorImpl()->is_wrapped_number()) return DeclineReason::Arguments;
  // ATen warns that the imaginary part is lost.
  if (from.is_complex() && !to.is_complex()) return DeclineReason::Dtype;
  call.arguments = call.arguments.subspan(1, 1);
  return std::nullopt;
}

}  // namespace gems::aten
