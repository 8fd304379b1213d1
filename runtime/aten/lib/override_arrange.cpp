// Arrangements of arguments, by overload.
#include "override_arrange.h"

#include <cmath>
#include <limits>

#include "call_geometry.h"
#include "catalogue_op.h"

namespace gems::aten {
namespace {

bool is_absent(const CallArgument& argument) {
  return argument.kind == CallArgument::Kind::Flag && argument.flag.kind == FlagValue::Kind::None;
}

std::optional<DeclineReason> needs_bool(const CallArgument& argument) {
  if (argument.tensor->scalar_type() != at::kBool) return DeclineReason::Dtype;
  return std::nullopt;
}

void replace_nan(CallArgument& argument, const at::Scalar& replacement) {
  if (argument.kind != CallArgument::Kind::Number || !argument.number->isFloatingPoint()) return;
  if (std::isnan(argument.number->toDouble())) argument.number = &replacement;
}

}  // namespace

std::optional<DeclineReason> by_lower_number(const Override&, OverrideCall& call) {
  static const at::Scalar lowest(-std::numeric_limits<double>::infinity());
  replace_nan(call.arguments[1], lowest);
  return std::nullopt;
}

std::optional<DeclineReason> by_upper_number(const Override&, OverrideCall& call) {
  static const at::Scalar highest(std::numeric_limits<double>::infinity());
  replace_nan(call.arguments[1], highest);
  return std::nullopt;
}

std::optional<DeclineReason> by_rounding_mode(const Override&, OverrideCall& call) {
  static const OpDef& trunc = catalogue_op("div_trunc");
  static const OpDef& floor = catalogue_op("div_floor");
  const FlagValue mode = call.arguments[--call.count].flag;
  if (mode == FlagValue("trunc"))
    call.op = &trunc;
  else if (mode == FlagValue("floor"))
    call.op = &floor;
  else if (mode.kind != FlagValue::Kind::None)
    return DeclineReason::Arguments;
  return std::nullopt;
}

std::optional<DeclineReason> by_bounds(const Override& override, OverrideCall& call) {
  static const OpDef& only_min = catalogue_op("clamp_min");
  static const OpDef& only_max = catalogue_op("clamp_max");
  const bool has_min = !is_absent(call.arguments[1]);
  const bool has_max = !is_absent(call.arguments[2]);
  if (has_min && has_max) return std::nullopt;
  if (!has_min && !has_max) return DeclineReason::Arguments;
  call.op = has_min ? &only_min : &only_max;
  if (has_max) call.arguments[1] = call.arguments[2];
  call.count = 2;
  return has_min ? by_lower_number(override, call) : by_upper_number(override, call);
}

std::optional<DeclineReason> condition_first(const Override&, OverrideCall& call) {
  return needs_bool(call.arguments[0]);
}

std::optional<DeclineReason> mask_second(const Override&, OverrideCall& call) { return needs_bool(call.arguments[1]); }

std::optional<DeclineReason> mask_and_value(const Override&, OverrideCall& call) {
  const at::Tensor& value = *call.arguments[2].tensor;
  if (value.dim() != 0) return DeclineReason::AtenRaises;
  if (!value.is_cpu()) return DeclineReason::Devices;  // reading it would wait for the device
  const auto number = to_number(value);
  if (!number) return DeclineReason::Dtype;
  switch (number->dtype) {
    case DType::Bool:
      call.number = number->integer != 0;
      break;
    case DType::I64:
      call.number = number->integer;
      break;
    case DType::F64:
      call.number = number->value.real();
      break;
    default:
      call.number = c10::complex<double>(number->value);
      break;
  }
  call.arguments[2] = CallArgument(call.number);
  return needs_bool(call.arguments[1]);
}

std::optional<DeclineReason> conversion(const Override&, OverrideCall& call) {
  const at::Tensor& to = *call.arguments[0].tensor;
  const at::Tensor& from = *call.arguments[1].tensor;
  if (to.scalar_type() == from.scalar_type()) return DeclineReason::NoConversion;
  if (to.device() != from.device()) return DeclineReason::Devices;
  // ATen warns that the imaginary part is lost.
  if (from.is_complex() && !to.is_complex()) return DeclineReason::Dtype;
  call.arguments[0] = call.arguments[1];
  call.count = 1;
  return std::nullopt;
}

}  // namespace gems::aten
