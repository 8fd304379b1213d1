// Reads dim and keepdim.
#include "operators/row_arguments.h"

#include <ATen/ExpandUtils.h>

#include <algorithm>

#include "first_call/row_dims.h"

namespace gems::aten {
namespace {

// Calls `each` with the tensors of elements.
template <class Each>
void for_each_element_tensor(const OpDef& op, at::ArrayRef<c10::IValue> arguments, const Each& each) {
  for (std::size_t i = 0; i < op.operands.size(); ++i)
    if (op.operands[i].kind == OperandKind::Tensor && arguments[i].isTensor()) each(arguments[i].toTensor());
}

}  // namespace

c10::SymDimVector element_sizes(const OpDef& op, at::ArrayRef<c10::IValue> arguments) {
  c10::SymDimVector sizes;
  for_each_element_tensor(
      op, arguments, [&](const at::Tensor& tensor) { sizes = at::infer_size_symdimvector(sizes, tensor.sym_sizes()); });
  return sizes;
}

RowDims row_dims(const OpDef& op, at::ArrayRef<c10::IValue> arguments) {
  if (!op.is_rowwise) return {};
  std::int64_t rank = 0;
  for_each_element_tensor(op, arguments, [&](const at::Tensor& tensor) { rank = std::max(rank, tensor.dim()); });
  const std::size_t first = op.operands.size();
  return {.reduced = reduced_dims(op, arguments[first].toDimVector(), rank), .keepdim = arguments[first + 1].toBool()};
}

}  // namespace gems::aten
