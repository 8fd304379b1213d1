// Reads dim and keepdim.
#include "operators/row_arguments.h"

#include <ATen/ExpandUtils.h>
#include <c10/util/Exception.h>

#include <algorithm>

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
  for_each_element_tensor(op, arguments, [&](const at::Tensor& tensor) {
    sizes = at::infer_size_symdimvector(sizes, tensor.sym_sizes());
  });
  return sizes;
}

std::uint64_t reduced_dims(const OpDef& op, at::IntArrayRef dims, std::int64_t rank) {
  constexpr std::int64_t max_rank = 64;
  TORCH_CHECK(rank < max_rank, "op '", std::string(op.name), "': the elements have ", rank,
              " dimensions, expected fewer than ", max_rank, "; reshape them");
  if (dims.empty()) return (std::uint64_t{1} << rank) - 1;
  const std::int64_t range = std::max<std::int64_t>(rank, 1);
  std::uint64_t reduced = 0;
  for (const std::int64_t dim : dims) {
    TORCH_CHECK_INDEX(dim >= -range && dim < range, "op '", std::string(op.name), "': dim ", dim,
                      " is out of range: the elements have ", rank, " dimensions; expected ", -range, " to ",
                      range - 1);
    const std::uint64_t bit = std::uint64_t{1} << (dim < 0 ? dim + range : dim);
    TORCH_CHECK((reduced & bit) == 0, "op '", std::string(op.name), "': dim ", dim,
                " is named twice; name each reduced dimension once");
    reduced |= bit;
  }
  return rank == 0 ? 0 : reduced;
}

RowDims row_dims(const OpDef& op, at::ArrayRef<c10::IValue> arguments) {
  if (!op.is_rowwise) return {};
  std::int64_t rank = 0;
  for_each_element_tensor(op, arguments,
                          [&](const at::Tensor& tensor) { rank = std::max(rank, tensor.dim()); });
  const std::size_t first = op.operands.size();
  return {.reduced = reduced_dims(op, arguments[first].toDimVector(), rank), .keepdim = arguments[first + 1].toBool()};
}

}  // namespace gems::aten
