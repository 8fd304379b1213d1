// The sentences, one for each reason.
#include "first_call/refusal_text.h"

#include <ATen/core/Formatting.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>
#include <vector>

#include "gems/aten/dtype.h"
#include "torch/named_tensors.h"

namespace gems::aten {
namespace {

template <class T>
std::string streamed(const T& value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

// One phrase for each tensor operand that the filter takes.
template <class Filter, class Phrase>
std::string tensors_text(const Request& request, const Filter& filter, const Phrase& phrase) {
  std::vector<std::string> phrases;
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    const CallArgument& argument = request.arguments[i];
    if (argument.kind == CallArgument::Kind::Tensor && argument.tensor->defined() && filter(*argument.tensor))
      phrases.push_back(describe_operand(*request.op, static_cast<int>(i)) + phrase(*argument.tensor));
  }
  return fmt::format("{}", fmt::join(phrases, ", "));
}

bool any(const at::Tensor&) { return true; }

std::string numbers_text(const Request& request) {
  std::vector<std::string> phrases;
  for (std::size_t i = 0; i < request.arguments.size(); ++i)
    if (request.arguments[i].kind == CallArgument::Kind::Number)
      phrases.push_back(describe_operand(*request.op, static_cast<int>(i)) + " is " +
                        streamed(*request.arguments[i].number));
  return fmt::format("{}", fmt::join(phrases, ", "));
}

std::string reason_text(const Request& request, DeclineReason reason) {
  switch (reason) {
    case DeclineReason::TensorKind:
      return tensors_text(
                 request,
                 [](const at::Tensor& x) { return x.layout() != at::kStrided || x.is_quantized() || is_named(x); },
                 [](const at::Tensor& x) { return " is a " + x.toString(); }) +
             ": expected plain strided tensors; convert it first (to_dense(), dequantize(), rename(None))";
    case DeclineReason::LazyBits:
      return "an operand has its conj or neg bit set: call resolve_conj() or resolve_neg() on it first";
    case DeclineReason::Dtype:
      return tensors_text(
                 request, [](const at::Tensor& x) { return !to_dtype(x.scalar_type()); },
                 [](const at::Tensor& x) { return " is " + streamed(x.scalar_type()); }) +
             ": gems does not know this dtype; convert it first";
    case DeclineReason::Devices:
      return tensors_text(request, any, [](const at::Tensor& x) { return " is on " + streamed(x.device()); }) +
             ": expected all on one device, CPU or CUDA (a CPU tensor beside CUDA tensors has no dimensions); move "
             "them";
    case DeclineReason::Rank:
      return shapes_text(request) + ": more dimensions than can be joined into the few that a kernel has; reshape them";
    case DeclineReason::Arguments:
      return "expected at least one tensor, and no undefined ones";
    case DeclineReason::NumberRange:
      return numbers_text(request) + ": does not fit the dtype that it is used in";
    case DeclineReason::Overlap:
      return "a result shares memory with an operand that it is not identical to, or with itself: give a clone";
    default:
      return std::string(text(reason));
  }
}

}  // namespace

std::string result_name(const OpDef& op, std::size_t result) {
  return op.result_count() == 1 ? "out" : fmt::format("out{}", result);
}

std::string shapes_text(const Request& request) {
  return tensors_text(request, any,
                      [](const at::Tensor& x) { return fmt::format(" has shape {}", streamed(x.sizes())); });
}

std::string row_shape_text(const OpDef& op, std::size_t position, std::string_view given, std::string_view expected,
                           std::string_view elements) {
  return fmt::format("op '{}': {} has shape {}, expected {} for elements of shape {}: one value for each {}", op.name,
                     describe_operand(op, static_cast<int>(position)), given, expected, elements,
                     op.operands[position].kind == OperandKind::Row ? "row" : "element of a row");
}

std::string refusal_text(const Request& request, DeclineReason reason) {
  return fmt::format("op '{}': {}", request.op->name, reason_text(request, reason));
}

}  // namespace gems::aten
