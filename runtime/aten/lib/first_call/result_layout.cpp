// Asks at::TensorIterator for shape and layout of a call's results, without letting it allocate or convert anything.
#include "first_call/result_layout.h"

#include <ATen/ExpandUtils.h>
#include <ATen/ScalarOps.h>
#include <ATen/TensorIterator.h>
#include <ATen/ops/real.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "first_call/refusal_text.h"
#include "gems/dsl/error.h"

namespace gems::aten {
namespace {

std::optional<at::DimVector> broadcast_shape(const Request& request) {
  at::DimVector shape;
  for (const CallArgument& argument : request.arguments) {
    if (argument.kind != CallArgument::Kind::Tensor) continue;
    const at::IntArrayRef sizes = argument.tensor->sizes();
    if (sizes.size() > shape.size()) shape.insert(shape.begin(), sizes.size() - shape.size(), 1);
    const std::size_t offset = shape.size() - sizes.size();
    for (std::size_t d = 0; d < sizes.size(); ++d) {
      std::int64_t& size = shape[offset + d];
      if (size == 1)
        size = sizes[d];
      else if (sizes[d] != 1 && sizes[d] != size)
        return std::nullopt;
    }
  }
  return shape;
}

bool is_argument(const Request& request, const at::Tensor& result) {
  return std::ranges::any_of(request.arguments, [&](const CallArgument& argument) {
    return argument.kind == CallArgument::Kind::Tensor && argument.tensor->is_same(result);
  });
}

bool is_like_self(const Request& request) {
  const CallRules& rules = request.rules;
  if (!rules.like_complex_self && !rules.like_integral_self) return false;
  const at::Tensor& self = *request.arguments[0].tensor;
  return (rules.like_complex_self && self.is_complex()) ||
         (rules.like_integral_self && at::isIntegralType(self.scalar_type(), /*includeBool=*/true));
}

}  // namespace

std::optional<DeclineReason> check_given_results(const Request& request) {
  std::optional<at::DimVector> shape;
  for (const at::Tensor& result : request.results) {
    if (!result.defined()) continue;
    if (!shape) shape = broadcast_shape(request);
    if (!shape) return std::nullopt;
    if (request.rules.expands_to_result || result.sizes() == at::IntArrayRef(*shape)) continue;
    // In place there is no resizing: ATen raises.
    return is_argument(request, result) ? DeclineReason::AtenRaises : DeclineReason::OutputShape;
  }
  return std::nullopt;
}

void check_shapes(const Request& request) {
  const std::optional<at::DimVector> shape = broadcast_shape(request);
  if (!shape)
    throw Error(fmt::format("op '{}': {}: they do not broadcast; sizes must be equal or 1, counted from the last",
                            request.op->name, shapes_text(request)));
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    const at::Tensor& result = request.results[r];
    if (!result.defined() || request.rules.expands_to_result || result.sizes() == at::IntArrayRef(*shape)) continue;
    throw Error(fmt::format(
        "op '{}': result '{}' has shape [{}], the operands broadcast to [{}]; give one of that shape", request.op->name,
        result_name(*request.op, r), fmt::join(result.sizes(), ", "), fmt::join(*shape, ", ")));
  }
}

ResultLayout result_layout(const Request& request) {
  at::TensorIteratorConfig config;
  // An undefined result is given the meta device: its layout is computed, its memory is not allocated.
  config.set_check_mem_overlap(true)
      .check_all_same_dtype(false)
      .check_all_same_device(false)
      .promote_inputs_to_common_dtype(false)
      .resize_outputs(false)
      .declare_static_dtype_and_device(at::kFloat, at::kMeta);
  for (const at::Tensor& result : request.results) config.add_owned_output(result);
  const int leader = request.rules.layout_leader;
  if (leader >= 0) config.add_owned_const_input(*request.arguments[static_cast<std::size_t>(leader)].tensor);
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    if (static_cast<int>(i) == leader) continue;
    const CallArgument& argument = request.arguments[i];
    if (argument.kind == CallArgument::Kind::Tensor) {
      const bool as_parts = request.rules.reads_complex_parts && argument.tensor->is_complex();
      config.add_owned_const_input(as_parts ? at::real(*argument.tensor) : *argument.tensor);
    } else if (argument.kind == CallArgument::Kind::Number && request.rules.numbers_shape_layout) {
      config.add_owned_const_input(c10::scalar_to_tensor(*argument.number));
    }
  }
  const at::TensorIterator iterator = config.build();
  const at::TensorBase& output = iterator.output(0);
  ResultLayout layout;
  layout.sizes = output.sizes();
  layout.strides = output.strides();
  layout.rank = iterator.ndim();
  if (request.results[0].defined()) return layout;
  if (is_like_self(request)) {
    const at::Tensor& self = *request.arguments[0].tensor;
    if (self.is_non_overlapping_and_dense())
      layout.strides = self.strides();
    else
      layout.strides = at::infer_dense_strides(self.sizes(), self.strides());
  } else if (request.rules.contiguous_result) {
    std::int64_t stride = 1;
    for (std::size_t d = layout.sizes.size(); d-- > 0;) {
      layout.strides[d] = stride;
      stride *= std::max<std::int64_t>(layout.sizes[d], 1);
    }
  }
  return layout;
}

}  // namespace gems::aten
