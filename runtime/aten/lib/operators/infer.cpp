// Infers results from meta tensors: dtypes by the op's promotion, layout by TensorIterator.
#include "operators/infer.h"

#include <ATen/EmptyTensor.h>
#include <c10/core/DefaultDtype.h>
#include <c10/util/Exception.h>

#include <vector>

#include "first_call/result_layout.h"
#include "gems/aten/dtype.h"
#include "gems/dsl/error.h"
#include "gems/dsl/trace.h"
#include "geometry/call_geometry.h"

namespace gems::aten {
namespace {

CallOperand operand_of(const OpDef& op, std::size_t position, const CallArgument& argument) {
  if (argument.kind == CallArgument::Kind::Flag) return {.kind = CallOperand::Kind::Flag, .flag = argument.flag};
  const bool is_tensor = argument.kind == CallArgument::Kind::Tensor;
  const auto dtype = to_dtype(is_tensor ? argument.tensor->scalar_type() : argument.number->type());
  TORCH_CHECK(dtype, "gems::", std::string(op.name), ": argument '", std::string(op.operands[position].name),
              "' has a dtype that gems does not know; convert it first");
  if (!is_tensor || argument.tensor->unsafeGetTensorImpl()->is_wrapped_number())
    return {.kind = CallOperand::Kind::Number, .dtype = *dtype, .in_memory = false};
  return {.kind = argument.tensor->dim() == 0 ? CallOperand::Kind::ZeroDim : CallOperand::Kind::Tensor,
          .dtype = *dtype};
}

}  // namespace

void infer_results(const Request& request) {
  for (const CallArgument& argument : request.arguments)
    TORCH_CHECK(
        argument.kind != CallArgument::Kind::Tensor || argument.tensor->is_meta() || argument.tensor->dim() == 0,
        "gems::", std::string(request.op->name), ": all tensors must be on one device, found meta and ",
        argument.tensor->device(), "; move them together first");
  std::vector<CallOperand> operands;
  for (std::size_t i = 0; i < request.arguments.size(); ++i)
    operands.push_back(operand_of(*request.op, i, request.arguments[i]));
  const ResolvedTypes types = resolve_types(*request.op, operands, *to_dtype(c10::get_default_dtype_as_scalartype()));
  const ResultLayout layout = result_layout(request);
  for (std::size_t r = 0; r < request.results.size(); ++r)
    if (!request.results[r].defined())
      request.results[r] =
          at::Tensor(at::detail::empty_strided_meta(layout.sizes, layout.strides, to_scalar_type(types.result[r])));
}

}  // namespace gems::aten
