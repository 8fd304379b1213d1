// Shape and layout of a call's results: those of new ones by at::TensorIterator's rules, which are cheaper to follow
// than to ask it; it is asked about given results, without letting it allocate or convert anything.
#include "first_call/result_layout.h"

#include <ATen/ExpandUtils.h>
#include <ATen/ScalarOps.h>
#include <ATen/TensorIterator.h>
#include <ATen/ops/real.h>
#include <c10/core/MemoryFormat.h>
#include <c10/util/strides.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "first_call/broadcast.h"
#include "first_call/dimension_order.h"
#include "first_call/refusal_text.h"
#include "gems/compiler/layout.h"
#include "gems/dsl/error.h"

namespace gems::aten {
namespace {

// To an empty shape. False where the arguments do not broadcast.
bool broadcast_arguments(const Request& request, at::DimVector& shape) {
  for (const CallArgument& argument : request.arguments) {
    if (argument.kind != CallArgument::Kind::Tensor) continue;
    if (!broadcast(shape, argument.tensor->sizes())) return false;
  }
  return true;
}

bool is_argument(const Request& request, const at::Tensor& result) {
  return std::ranges::any_of(request.arguments, [&](const CallArgument& argument) {
    return argument.kind == CallArgument::Kind::Tensor && argument.tensor->is_same(result);
  });
}

bool preserves_format(const Request& request) {
  const CallRules& rules = request.rules;
  if (!rules.preserves_format_if_complex && !rules.preserves_format_if_integral) return false;
  const at::Tensor& self = *request.arguments[0].tensor;
  return (rules.preserves_format_if_complex && self.is_complex()) ||
         (rules.preserves_format_if_integral && at::isIntegralType(self.scalar_type(), /*includeBool=*/true));
}

// Sets the strides where operands that all have the result's shape share them. Source:
// TensorIteratorBase::compute_fast_setup_type.
bool share_strides(const LayoutOperands& tensors, ResultLayout& layout) {
  const at::IntArrayRef sizes = layout.sizes;
  const auto all = [&](const auto& predicate) {
    return std::ranges::all_of(tensors, [&](const at::Tensor* tensor) { return predicate(*tensor); });
  };
  if (!all([&](const at::Tensor& tensor) { return tensor.sizes() == sizes; })) return false;
  const at::IntArrayRef first = tensors[0]->strides();
  if (all([](const at::Tensor& tensor) { return tensor.is_contiguous(); }))
    layout.strides = c10::contiguous_strides(sizes);
  else if (all([](const at::Tensor& tensor) { return tensor.is_contiguous(at::MemoryFormat::ChannelsLast); }))
    layout.strides = c10::get_channels_last_strides_2d(sizes);
  else if (all([&](const at::Tensor& tensor) {
             return tensor.is_non_overlapping_and_dense() && tensor.strides() == first;
           }))
    layout.strides = first;
  else
    return false;
  return true;
}

// Of new results, to an empty layout. False where TensorIterator has to be asked.
bool find_new_layout(const Request& request, ResultLayout& layout) {
  if (std::ranges::any_of(request.results, [](const at::Tensor& result) { return result.defined(); })) return false;
  at::DimVector& sizes = layout.sizes;
  if (!broadcast_arguments(request, sizes) || sizes.size() > MaxRank || std::ranges::count(sizes, 0) > 0) return false;
  const LayoutOperands tensors = layout_operands(request);
  bool has_number = false;
  for (const CallArgument& argument : request.arguments) {
    has_number |= argument.kind == CallArgument::Kind::Number;
    if (argument.kind == CallArgument::Kind::Tensor && request.rules.reads_complex_parts &&
        argument.tensor->is_complex())
      return false;
  }
  layout.rank = static_cast<int>(sizes.size());
  // A number counts as an operand of another shape.
  const bool are_alike = !(has_number && request.rules.wraps_numbers && !sizes.empty());
  if (are_alike && share_strides(tensors, layout)) return true;
  layout.strides.resize(sizes.size());
  std::int64_t stride = 1;
  for (const std::size_t dim : DimensionOrder<std::int64_t>(tensors, sizes).get()) {
    layout.strides[dim] = stride;
    stride *= sizes[dim];
  }
  return true;
}

ResultLayout asked_layout(const Request& request) {
  at::TensorIteratorConfig config;
  // An undefined result is given the meta device: its layout is computed, its memory is not allocated.
  config.set_check_mem_overlap(true)
      .check_all_same_dtype(false)
      .check_all_same_device(false)
      .promote_inputs_to_common_dtype(false)
      .resize_outputs(false)
      .declare_static_dtype_and_device(at::kFloat, at::kMeta);
  for (const at::Tensor& result : request.results) config.add_owned_output(result);
  for (const at::Tensor* tensor : layout_operands(request)) {
    const bool as_parts = request.rules.reads_complex_parts && tensor->is_complex();
    config.add_owned_const_input(as_parts ? at::real(*tensor) : *tensor);
  }
  for (const CallArgument& argument : request.arguments)
    if (argument.kind == CallArgument::Kind::Number && request.rules.wraps_numbers)
      config.add_owned_const_input(c10::scalar_to_tensor(*argument.number));
  const at::TensorIterator iterator = config.build();
  const at::TensorBase& output = iterator.output(0);
  return {.sizes = at::DimVector(output.sizes()), .strides = at::DimVector(output.strides()), .rank = iterator.ndim()};
}

}  // namespace

LayoutOperands layout_operands(const Request& request) {
  LayoutOperands tensors;
  const int leader = request.rules.layout_leader;
  if (leader >= 0) tensors.push_back(request.arguments[static_cast<std::size_t>(leader)].tensor);
  for (std::size_t i = 0; i < request.arguments.size(); ++i)
    if (request.arguments[i].kind == CallArgument::Kind::Tensor && static_cast<int>(i) != leader)
      tensors.push_back(request.arguments[i].tensor);
  return tensors;
}

std::optional<DeclineReason> check_given_results(const Request& request) {
  if (std::ranges::none_of(request.results, [](const at::Tensor& result) { return result.defined(); })) return {};
  at::DimVector shape;
  if (!broadcast_arguments(request, shape)) return std::nullopt;
  for (const at::Tensor& result : request.results) {
    if (!result.defined()) continue;
    if (request.rules.expands_to_result || result.sizes() == at::IntArrayRef(shape)) continue;
    // In place there is no resizing: ATen raises.
    return is_argument(request, result) ? DeclineReason::AtenRaises : DeclineReason::OutputShape;
  }
  return std::nullopt;
}

void check_shapes(const Request& request) {
  at::DimVector shape;
  if (!broadcast_arguments(request, shape))
    throw Error(fmt::format("op '{}': {}: they do not broadcast; sizes must be equal or 1, counted from the last",
                            request.op->name, shapes_text(request)));
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    const at::Tensor& result = request.results[r];
    if (!result.defined() || request.rules.expands_to_result || result.sizes() == at::IntArrayRef(shape)) continue;
    throw Error(fmt::format(
        "op '{}': result '{}' has shape [{}], the operands broadcast to [{}]; give one of that shape", request.op->name,
        result_name(*request.op, r), fmt::join(result.sizes(), ", "), fmt::join(shape, ", ")));
  }
}

void find_result_layout(const Request& request, ResultLayout& layout) {
  if (!find_new_layout(request, layout)) layout = asked_layout(request);
  if (request.results[0].defined()) return;
  if (preserves_format(request)) {
    const at::Tensor& self = *request.arguments[0].tensor;
    if (self.is_non_overlapping_and_dense())
      layout.strides = self.strides();
    else
      layout.strides = at::infer_dense_strides(self.sizes(), self.strides());
  } else if (request.rules.contiguous_result) {
    layout.strides = c10::contiguous_strides(layout.sizes);
  }
}

}  // namespace gems::aten
