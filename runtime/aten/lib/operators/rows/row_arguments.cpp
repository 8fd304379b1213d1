// Reads dim and keepdim.
#include "operators/rows/row_arguments.h"

#include <c10/util/SmallVector.h>

#include <algorithm>

#include "first_call/rows/row_dims.h"
#include "operators/meta.h"

namespace gems::aten {
namespace {

c10::SmallVector<const at::Tensor*, MaxOperands> element_tensors(const OpDef& op, at::ArrayRef<c10::IValue> arguments) {
  c10::SmallVector<const at::Tensor*, MaxOperands> tensors;
  for (std::size_t i = 0; i < op.operands.size(); ++i)
    if (op.operands[i].kind == OperandKind::Tensor && arguments[i].isTensor())
      tensors.push_back(&arguments[i].toTensor());
  return tensors;
}

}  // namespace

c10::SymDimVector element_sizes(const OpDef& op, at::ArrayRef<c10::IValue> arguments) {
  return broadcast_sizes(element_tensors(op, arguments));
}

RowDims row_dims(const OpDef& op, at::ArrayRef<c10::IValue> arguments) {
  if (!op.is_rowwise) return {};
  std::int64_t rank = 0;
  for (const at::Tensor* tensor : element_tensors(op, arguments)) rank = std::max(rank, tensor->dim());
  const std::size_t first = op.operands.size();
  return {.reduced = reduced_dims(op, arguments[first].toDimVector(), rank), .keepdim = arguments[first + 1].toBool()};
}

}  // namespace gems::aten
