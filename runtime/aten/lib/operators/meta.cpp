// Infers results from meta tensors: dtypes by the op's promotion, layout by TensorIterator or, where sizes are symbols,
// by its rules.
#include "operators/meta.h"

#include <ATen/EmptyTensor.h>
#include <ATen/ExpandUtils.h>
#include <c10/core/DefaultDtype.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <vector>

#include "first_call/dimension_order.h"
#include "first_call/result_layout.h"
#include "gems/aten/dtype.h"
#include "gems/dsl/error.h"
#include "gems/dsl/trace.h"
#include "geometry/call_geometry.h"
#include "operators/rows/row_meta.h"

namespace gems::aten {
namespace {

struct SymbolicLayout {
  c10::SymDimVector sizes;
  c10::SymDimVector strides;
};

// TensorIterator itself takes no symbolic sizes. Each comparison of symbols becomes a guard of the compiled graph.
SymbolicLayout symbolic_layout(std::span<const at::Tensor* const> tensors) {
  SymbolicLayout layout{broadcast_sizes(tensors), {}};
  layout.strides.resize(layout.sizes.size());
  c10::SymInt stride = 1;
  for (const std::size_t dim : DimensionOrder<c10::SymInt>(tensors, layout.sizes).get()) {
    layout.strides[dim] = stride;
    stride *= layout.sizes[dim].max(1);
  }
  return layout;
}

}  // namespace

c10::SymDimVector broadcast_sizes(std::span<const at::Tensor* const> tensors) {
  c10::SymDimVector sizes;
  for (const at::Tensor* tensor : tensors) sizes = at::infer_size_symdimvector(sizes, tensor->sym_sizes());
  return sizes;
}

CallOperand operand_of(const OpDef& op, std::size_t position, const CallArgument& argument) {
  if (argument.kind == CallArgument::Kind::Absent) return {.kind = CallOperand::Kind::Absent};
  if (argument.kind == CallArgument::Kind::Flag) return {.kind = CallOperand::Kind::Flag, .flag = argument.flag};
  const bool is_tensor = argument.kind == CallArgument::Kind::Tensor;
  const auto dtype = to_dtype(is_tensor ? argument.tensor->scalar_type() : argument.number->type());
  TORCH_CHECK(dtype, "op '", std::string(op.name), "': argument '", std::string(op.operands[position].name),
              "' has a dtype that gems does not know; convert it first");
  if (!is_tensor || argument.tensor->unsafeGetTensorImpl()->is_wrapped_number())
    return {.kind = CallOperand::Kind::Number, .dtype = *dtype, .in_memory = false};
  return {.kind = argument.tensor->dim() == 0 ? CallOperand::Kind::ZeroDim : CallOperand::Kind::Tensor,
          .dtype = *dtype};
}

void infer_results(const Request& request) {
  for (const CallArgument& argument : request.arguments)
    TORCH_CHECK(
        argument.kind != CallArgument::Kind::Tensor || argument.tensor->is_meta() || argument.tensor->dim() == 0,
        "op '", std::string(request.op->name), "': all tensors must be on one device, found meta and ",
        argument.tensor->device(), "; move them together first");
  std::vector<CallOperand> operands;
  for (std::size_t i = 0; i < request.arguments.size(); ++i)
    operands.push_back(operand_of(*request.op, i, request.arguments[i]));
  if (request.op->is_rowwise) {
    infer_row_results(request, operands);
    return;
  }
  const ResolvedTypes types = resolve_types(*request.op, operands, *to_dtype(c10::get_default_dtype_as_scalartype()));
  const LayoutOperands tensors = layout_operands(request);
  const bool is_symbolic = std::ranges::any_of(
      tensors, [](const at::Tensor* tensor) { return tensor->unsafeGetTensorImpl()->has_symbolic_sizes_strides(); });
  const auto fill = [&](const auto& layout, const auto& empty) {
    for (std::size_t r = 0; r < request.results.size(); ++r)
      if (!request.results[r].defined())
        request.results[r] = at::Tensor(empty(layout.sizes, layout.strides, to_scalar_type(types.result[r])));
  };
  if (is_symbolic) {
    fill(symbolic_layout(tensors), [](c10::SymIntArrayRef sizes, c10::SymIntArrayRef strides, at::ScalarType dtype) {
      return at::detail::empty_strided_symint_meta(sizes, strides, dtype);
    });
  } else {
    check_shapes(request);
    ResultLayout layout;
    find_result_layout(request, layout);
    fill(layout, [](at::IntArrayRef sizes, at::IntArrayRef strides, at::ScalarType dtype) {
      return at::detail::empty_strided_meta(sizes, strides, dtype);
    });
  }
}

}  // namespace gems::aten
