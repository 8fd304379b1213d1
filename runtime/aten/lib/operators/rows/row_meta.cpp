// Shapes by extent, of sizes that may be symbols.
#include "operators/rows/row_meta.h"

#include <ATen/EmptyTensor.h>
#include <c10/core/DefaultDtype.h>
#include <c10/util/Exception.h>

#include "first_call/refusal_text.h"
#include "first_call/rows/row_shape.h"
#include "gems/aten/dtype.h"
#include "operators/meta.h"

namespace gems::aten {
namespace {

bool is_equal(const c10::SymDimVector& sizes, c10::SymIntArrayRef others) {
  if (sizes.size() != others.size()) return false;
  for (std::size_t d = 0; d < sizes.size(); ++d)
    if (sizes[d] != others[d]) return false;
  return true;
}

c10::SymDimVector elements_of(const Request& request) {
  c10::SmallVector<const at::Tensor*, MaxOperands> tensors;
  for (std::size_t i = 0; i < request.arguments.size(); ++i)
    if (request.op->operands[i].kind == OperandKind::Tensor && request.arguments[i].kind == CallArgument::Kind::Tensor)
      tensors.push_back(request.arguments[i].tensor);
  return broadcast_sizes(tensors);
}

void check_operands(const Request& request, const c10::SymDimVector& elements) {
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    const OperandKind kind = request.op->operands[i].kind;
    if (kind != OperandKind::Row && kind != OperandKind::Column) continue;
    if (request.arguments[i].kind != CallArgument::Kind::Tensor) continue;
    const Extent extent = kind == OperandKind::Row ? Extent::Row : Extent::Column;
    const c10::SymIntArrayRef given = request.arguments[i].tensor->sym_sizes();
    const c10::SymDimVector expected = row_shape(elements, request.rows.reduced, extent, /*keepdim=*/false);
    if (is_equal(expected, given)) continue;
    TORCH_CHECK(is_equal(row_shape(elements, request.rows.reduced, extent, /*keepdim=*/true), given),
                row_shape_text(*request.op, i, c10::str(given), c10::str(c10::SymIntArrayRef(expected)),
                               c10::str(c10::SymIntArrayRef(elements))));
  }
}

at::Tensor empty(const c10::SymDimVector& sizes, at::ScalarType dtype) {
  c10::SymDimVector strides(sizes.size());
  c10::SymInt stride = 1;
  for (std::size_t d = sizes.size(); d-- > 0;) {
    strides[d] = stride;
    stride *= sizes[d].max(1);
  }
  return at::Tensor(at::detail::empty_strided_symint_meta(sizes, strides, dtype));
}

}  // namespace

void infer_row_results(const Request& request, std::span<const CallOperand> operands) {
  const c10::SymDimVector elements = elements_of(request);
  check_operands(request, elements);
  const TraceGraph graph = trace(*request.op, operands, {}, *to_dtype(c10::get_default_dtype_as_scalartype()));
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    if (request.results[r].defined()) continue;
    const TraceResult& result = graph.results[r];
    const bool keepdim = request.rows.keepdim && result.extent == Extent::Row;
    request.results[r] =
        empty(row_shape(elements, request.rows.reduced, result.extent, keepdim), to_scalar_type(result.dtype));
  }
}

}  // namespace gems::aten
