// The rows of input are those of a matrix; so are residual and the result.
#include "products/thin_linear.h"

#include <ATen/TensorUtils.h>

#include <array>
#include <optional>

#include "gems/ops/fused_rows.h"
#include "products/thin_product.h"
#include "torch/undispatched_view.h"

namespace gems::aten {
namespace {

// [..., columns] as [rows, columns]; nothing where the rows do not lie at one distance from one another.
std::optional<at::Tensor> as_matrix(const at::Tensor& tensor, std::int64_t rows, std::int64_t columns) {
  const at::DimVector sizes{rows, columns};
  const auto strides = at::detail::computeStride(tensor.sizes(), tensor.strides(), sizes);
  if (!strides) return std::nullopt;
  return undispatched_view(tensor, tensor.scalar_type(), sizes, *strides, tensor.storage_offset());
}

}  // namespace

at::Tensor thin_linear_act(const at::Tensor& input, const at::Tensor& weight, const at::Tensor* bias,
                           std::string_view act, const at::Tensor* residual) {
  if (refuse_operands(std::array{&input, &weight, bias, residual}) || weight.numel() == 0) return {};
  const std::int64_t n = weight.size(0);
  const std::int64_t k = weight.size(1);
  const std::int64_t m = input.numel() / k;
  const auto a = as_matrix(input, m, k);
  if (!a) return {};
  const at::Tensor b = undispatched_view(weight, weight.scalar_type(), {k, n}, {weight.stride(1), weight.stride(0)},
                                         weight.storage_offset());
  const ProductCall call{.addend = bias, .a = &*a, .b = &b, .multiply = nullptr};
  Product product;
  if (describe(call, product) || !is_thin(call, product)) return {};
  std::optional<at::Tensor> added;
  if (residual != nullptr && !(added = as_matrix(*residual, m, n))) return {};
  at::Tensor result;
  if (multiply_thin(call, product, {.act = act, .residual = added ? &*added : nullptr}, result)) return {};
  at::DimVector sizes(input.sizes());
  sizes.back() = n;
  result.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  return result;
}

}  // namespace gems::aten
