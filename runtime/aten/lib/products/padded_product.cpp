// Padded copies by gems' own copy kernels, the product by ATen's.
#include "products/padded_product.h"

#include <ATen/EmptyTensor.h>
#include <c10/util/DimVector.h>
#include <c10/util/Exception.h>

#include "gems/aten/serve.h"
#include "gems/ops/selection.h"
#include "gems/runtime/settings.h"
#include "products/product_cost.h"
#include "products/thin_product.h"
#include "switches/warn_once.h"
#include "torch/allocate.h"
#include "torch/device_scope.h"

namespace gems::aten {
namespace {

// The part of a tensor from the first element of a dimension to behind the last. No operator, as this is inside of one.
at::Tensor part_of(const at::Tensor& tensor, std::int64_t dim, std::int64_t begin, std::int64_t end) {
  const std::size_t d = static_cast<std::size_t>(dim < 0 ? dim + tensor.dim() : dim);
  at::Tensor part = at::detail::make_tensor<at::TensorImpl>(c10::TensorImpl::VIEW, c10::Storage(tensor.storage()),
                                                            tensor.key_set(), tensor.dtype());
  at::DimVector sizes(tensor.sizes());
  sizes[d] = end - begin;
  part.unsafeGetTensorImpl()->set_sizes_and_strides(sizes, tensor.strides(),
                                                    tensor.storage_offset() + begin * tensor.strides()[d]);
  return part;
}

at::Tensor allocate_like(const at::Tensor& tensor, at::IntArrayRef sizes, at::IntArrayRef strides) {
  return allocate(result_geometry(sizes, strides, tensor.scalar_type()), tensor.device());
}

class PaddedProduct {
 public:
  PaddedProduct(const ProductCall& call, const Product& product, const Padding& padding, CallCounts& counts)
      : call_(call), product_(product), padding_(padding), counts_(counts) {}

  std::optional<DeclineReason> run(at::Tensor& result) {
    at::Tensor a = *call_.a;
    at::Tensor b = *call_.b;
    const bool grows = padding_.k != product_.k;
    if (padding_.copies_a) a = padded_matrix(*call_.a, product_.a, padding_.m, padding_.k, grows ? -1 : 0);
    if (padding_.copies_b) b = padded_matrix(*call_.b, product_.b, padding_.k, padding_.n, grows ? -2 : 0);
    at::Tensor padded_addend;
    const at::Tensor* addend = call_.addend;
    if (addend != nullptr && padding_.buffers_result) {
      padded_addend = padded(*addend);
      addend = &padded_addend;
    }
    at::Tensor out = padding_.buffers_result || !result.defined() ? dense(padding_.m, padding_.n) : result;
    if (refused_) return refused_;

    if (padding_.splits_n)
      multiply_in_two(a, b, out);
    else
      call_.multiply(addend, a, b, out);
    if (refused_) return refused_;

    if (padding_.copies_result) {
      if (!result.defined()) result = dense(product_.m, product_.n);
      copy(cropped(out), result);
      return refused_;
    }
    if (padding_.buffers_result) {
      // Only m is padded, of one matrix: the result is the beginning of the memory.
      at::DimVector sizes(out.sizes());
      sizes[sizes.size() - 2] = product_.m;
      out.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
    }
    if (!result.defined()) result = std::move(out);
    return std::nullopt;
  }

 private:
  std::size_t batch_rank() const { return static_cast<std::size_t>(call_.a->dim()) - 2; }

  void copy(const at::Tensor& from, const at::Tensor& to) {
    if (refused_) return;
    const std::array arguments{CallArgument(from)};
    at::Tensor written = to;
    refused_ = serve({.op = &ops::copy_op,
                      .arguments = arguments,
                      .results = {&written, 1},
                      .compiles = &counts_.compiles,
                      .compile_us = &counts_.compile_us});
  }

  // A copy along the same dimension in a larger matrix. zero_dim: which dimension has zeros behind the copy; 0: none.
  at::Tensor padded_matrix(const at::Tensor& matrix, const MatrixLayout& layout, std::int64_t rows,
                           std::int64_t columns, std::int64_t zero_dim) {
    const std::size_t row = batch_rank();
    at::DimVector sizes(matrix.sizes());
    at::DimVector strides(matrix.dim(), layout.is_shared ? 0 : rows * columns);
    const std::int64_t own_rows = sizes[row];
    const std::int64_t own_columns = sizes[row + 1];
    sizes[row] = rows;
    sizes[row + 1] = columns;
    strides[row] = layout.along_rows ? columns : 1;
    strides[row + 1] = layout.along_rows ? 1 : rows;
    at::Tensor padded = allocate_like(matrix, sizes, strides);
    const at::Tensor all = layout.is_shared ? part_of(padded, 0, 0, 1) : padded;
    copy(layout.is_shared ? part_of(matrix, 0, 0, 1) : matrix,
         part_of(part_of(all, -2, 0, own_rows), -1, 0, own_columns));
    if (zero_dim != 0 && !refused_) part_of(all, zero_dim, product_.k, padding_.k).zero_();
    return padded;
  }

  // The addend for the padded result; dimensions along which it is broadcast stay so.
  at::Tensor padded(const at::Tensor& addend) {
    at::Tensor own = addend;
    for (std::int64_t d = 0; d < own.dim(); ++d)
      if (own.stride(d) == 0) own = part_of(own, d, 0, 1);
    at::DimVector sizes(own.sizes());
    const auto grow = [&](std::size_t back, std::int64_t from, std::int64_t to) {
      if (sizes.size() >= back && sizes[sizes.size() - back] == from) sizes[sizes.size() - back] = to;
    };
    grow(2, product_.m, padding_.m);
    grow(1, product_.n, padding_.n);
    if (at::IntArrayRef(sizes) == own.sizes()) return own;
    at::DimVector strides(sizes.size(), 1);
    for (std::size_t d = sizes.size() - 1; d-- > 0;) strides[d] = strides[d + 1] * sizes[d + 1];
    at::Tensor padded = allocate_like(own, sizes, strides);
    at::Tensor inner = padded;
    for (std::int64_t d = 0; d < own.dim(); ++d) inner = part_of(inner, d, 0, own.size(d));
    copy(own, inner);
    return padded;
  }

  at::Tensor dense(std::int64_t m, std::int64_t n) {
    at::DimVector sizes(call_.a->sizes());
    at::DimVector strides(sizes.size(), m * n);
    const std::size_t row = batch_rank();
    sizes[row] = m;
    sizes[row + 1] = n;
    strides[row] = n;
    strides[row + 1] = 1;
    return allocate_like(*call_.a, sizes, strides);
  }

  at::Tensor cropped(const at::Tensor& out) { return part_of(part_of(out, -2, 0, product_.m), -1, 0, product_.n); }

  // The columns of b up to the last multiple of the alignment where they are, then a copy of the rest.
  void multiply_in_two(const at::Tensor& a, const at::Tensor& b, const at::Tensor& out) {
    const std::int64_t unit = ProductAlignment / product_.element_bytes;
    const std::int64_t whole = padding_.n - unit;
    at::Tensor first = part_of(out, -1, 0, whole);
    at::Tensor second = part_of(out, -1, whole, padding_.n);
    const at::Tensor rest = padded_matrix(part_of(b, -1, whole, product_.n), product_.b, padding_.k, unit, 0);
    if (refused_) return;
    call_.multiply(nullptr, a, part_of(b, -1, 0, whole), first);
    call_.multiply(nullptr, a, rest, second);
  }

  const ProductCall& call_;
  const Product& product_;
  const Padding& padding_;
  CallCounts& counts_;
  std::optional<DeclineReason> refused_;
};

}  // namespace

std::optional<DeclineReason> multiply_padded(const ProductCall& call, const Product& product, const Padding& padding,
                                             at::Tensor& result, CallCounts& counts) {
  if (call.out != nullptr) result = *call.out;
  const DeviceScope scope(call.a->device());
  try {
    return PaddedProduct(call, product, padding, counts).run(result);
  } catch (const c10::OutOfMemoryError&) {
    return DeclineReason::Memory;
  } catch (const c10::Error& error) {
    if (settings().strict) throw;
    warn_failure_once("padded product", error.what_without_backtrace());
    return DeclineReason::Internal;
  }
}

std::optional<DeclineReason> multiply_faster(const ProductCall& call, at::Tensor& result, CallCounts& counts) {
  Product product;
  if (auto reason = describe(call, product)) return reason;
  if (is_thin(call, product)) return multiply_thin(call, product, result, counts);
  if (call.is_with_vector()) return DeclineReason::NoGain;
  if (!has_two_speeds(call.a->scalar_type())) return DeclineReason::Dtype;
  const auto padding = padding_of(product);
  if (!padding) return DeclineReason::NoGain;
  const auto rates = product_rates(call.a->device().index());
  if (!rates || !is_worthwhile(product, *padding, *rates)) return DeclineReason::NoGain;
  return multiply_padded(call, product, *padding, result, counts);
}

}  // namespace gems::aten
