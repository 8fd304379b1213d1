// The rows of input are those of a matrix; so are residual and the result.
#include "products/thin_linear.h"

#include <ATen/TensorUtils.h>

#include <array>
#include <optional>
#include <utility>

#include "products/product_cost.h"
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

// input and weight as matrices of a thin product, with bias as addend; a view of either.
class ThinLinear {
 public:
  // Nothing where a product of its own has to come first.
  static std::optional<ThinLinear> of(const at::Tensor& input, const at::Tensor& weight, const at::Tensor* bias) {
    if (weight.numel() == 0) return std::nullopt;
    const std::int64_t k = weight.size(1);
    const auto a = as_matrix(input, input.numel() / k, k);
    if (!a) return std::nullopt;
    ThinLinear made(*a,
                    undispatched_view(weight, weight.scalar_type(), {k, weight.size(0)},
                                      {weight.stride(1), weight.stride(0)}, weight.storage_offset()),
                    bias);
    if (describe(made.call(), made.product_) || !is_thin(made.call(), made.product_)) return std::nullopt;
    return made;
  }

  ProductCall call() const { return {.addend = bias_, .a = &a_, .b = &b_, .multiply = nullptr}; }
  const Product& product() const { return product_; }

 private:
  ThinLinear(at::Tensor a, at::Tensor b, const at::Tensor* bias) : a_(std::move(a)), b_(std::move(b)), bias_(bias) {}

  at::Tensor a_;
  at::Tensor b_;
  const at::Tensor* bias_;
  Product product_;
};

// What was computed as a matrix, in the shape of a linear layer's result.
at::Tensor result_of(const at::Tensor& input, at::Tensor matrix) {
  at::DimVector sizes(input.sizes());
  sizes.back() = matrix.size(1);
  matrix.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  return matrix;
}

}  // namespace

at::Tensor thin_linear_act(const at::Tensor& input, const at::Tensor& weight, const at::Tensor* bias,
                           std::string_view act, const at::Tensor* residual) {
  if (refuse_operands(std::array{&input, &weight, bias, residual})) return {};
  const auto linear = ThinLinear::of(input, weight, bias);
  if (!linear) return {};
  std::optional<at::Tensor> added;
  if (residual != nullptr && !(added = as_matrix(*residual, linear->product().m, linear->product().n))) return {};
  const Epilogue epilogue{.act = act, .residual = added ? &*added : nullptr};
  at::Tensor result;
  if (multiply_thin(linear->call(), linear->product(), epilogue, result)) return {};
  return result_of(input, std::move(result));
}

at::Tensor thin_linear_gate(const at::Tensor& input, const LinearLayer& gate, const LinearLayer& value,
                            std::string_view act) {
  if (refuse_operands(std::array{&input, &gate.weight, &value.weight, gate.bias, value.bias})) return {};
  const auto gates = ThinLinear::of(input, gate.weight, gate.bias);
  const auto values = ThinLinear::of(input, value.weight, value.bias);
  if (!gates || !values) return {};
  Product both = gates->product();
  both.n += values->product().n;
  if (both.m > most_vectors(both)) return {};
  at::Tensor result;
  if (multiply_thin_gate(gates->call(), values->call(), gates->product(), act, result)) return {};
  return result_of(input, std::move(result));
}

}  // namespace gems::aten
