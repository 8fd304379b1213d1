// Reads sizes, strides and addresses of a product's tensors; refuses what padding cannot stand for.
#include "products/product_call.h"

#include <ATen/Context.h>

#include <algorithm>
#include <array>

#include "geometry/memory_overlap.h"
#include "geometry/plain_tensor.h"
#include "torch/named_tensors.h"

namespace gems::aten {
namespace {

std::int64_t alignment_of(std::int64_t bytes) {
  return bytes == 0 ? ProductAlignment : std::min(bytes & -bytes, ProductAlignment);
}

// A matrix that is contiguous along neither of its dimensions counts as the copy along its rows that ATen makes of it.
MatrixLayout layout_of(const at::Tensor& matrix) {
  const at::IntArrayRef sizes = matrix.sizes();
  const at::IntArrayRef strides = matrix.strides();
  const std::size_t row = sizes.size() - 2;
  const std::size_t column = row + 1;
  const std::int64_t bytes = static_cast<std::int64_t>(matrix.itemsize());
  MatrixLayout layout;
  layout.is_shared = row == 1 && sizes[0] > 1 && strides[0] == 0;
  const bool along_rows = strides[column] == 1 && strides[row] >= sizes[column];
  const bool along_columns = strides[row] == 1 && strides[column] >= sizes[row];
  if (!along_rows && !along_columns) {
    layout.alignment = alignment_of(sizes[column] * bytes);
    return layout;
  }
  layout.along_rows = along_rows;
  const std::int64_t batch_stride = row == 1 && sizes[0] > 1 ? strides[0] : 0;
  layout.alignment =
      std::min({alignment_of(strides[along_rows ? row : column] * bytes), alignment_of(batch_stride * bytes),
                alignment_of(static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(matrix.const_data_ptr())))});
  return layout;
}

bool overlaps(const at::Tensor& out, const at::Tensor& operand) {
  return overlap_of(*out.unsafeGetTensorImpl(), out.const_data_ptr(), *operand.unsafeGetTensorImpl(),
                    operand.const_data_ptr()) != Overlap::None;
}

// Whether the addend broadcasts to the result; counts its elements.
bool take_addend(const at::Tensor& addend, at::IntArrayRef sizes, Product& product) {
  if (addend.dim() > static_cast<std::int64_t>(sizes.size())) return false;
  product.addend_elements = 1;
  for (std::int64_t back = 1; back <= addend.dim(); ++back) {
    const std::int64_t size = addend.size(-back);
    if (size != 1 && size != sizes[sizes.size() - static_cast<std::size_t>(back)]) return false;
    if (addend.stride(-back) != 0) product.addend_elements *= size;
  }
  return true;
}

std::optional<DeclineReason> take_result(const ProductCall& call, at::IntArrayRef sizes, Product& product) {
  const at::Tensor& out = *call.out;
  if (out.sizes() != sizes) return DeclineReason::OutputShape;
  if (!out.is_contiguous()) return DeclineReason::Arguments;
  if (overlaps(out, *call.a) || overlaps(out, *call.b)) return DeclineReason::Overlap;
  if (call.addend != nullptr && !call.addend->is_same(out) && overlaps(out, *call.addend))
    return DeclineReason::Overlap;
  product.is_result_given = true;
  // Its strides are those of its sizes, which count on their own.
  product.result_alignment =
      alignment_of(static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(out.const_data_ptr())));
  return std::nullopt;
}

}  // namespace

std::optional<DeclineReason> refuse_operands(std::span<const at::Tensor* const> tensors) {
  std::uint64_t keys = 0;
  bool any_named = false;
  bool is_one_device = true;
  bool is_one_dtype = true;
  const at::Tensor* first = nullptr;
  for (const at::Tensor* tensor : tensors) {
    if (tensor == nullptr) continue;
    if (!tensor->defined()) return DeclineReason::Arguments;
    if (first == nullptr) first = tensor;
    keys |= tensor->key_set().raw_repr();
    any_named |= is_named(*tensor);
    is_one_device &= tensor->device() == first->device();
    is_one_dtype &= tensor->scalar_type() == first->scalar_type();
  }
  if (auto reason = refuse_kinds(keys, any_named)) return reason;
  if (!is_one_device) return DeclineReason::Devices;
  const at::ScalarType dtype = first->scalar_type();
  if (!is_one_dtype || (dtype != at::kHalf && dtype != at::kBFloat16 && dtype != at::kFloat))
    return DeclineReason::Dtype;
  return std::nullopt;
}

bool has_two_speeds(at::ScalarType dtype) {
  if (dtype == at::kHalf || dtype == at::kBFloat16) return true;
  return dtype == at::kFloat && at::globalContext().float32Precision(at::Float32Backend::CUDA, at::Float32Op::MATMUL) ==
                                    at::Float32Precision::TF32;
}

std::optional<DeclineReason> describe(const ProductCall& call, Product& product) {
  if (auto reason = refuse_operands(std::array{call.a, call.b, call.addend, call.out})) return reason;
  const at::IntArrayRef a = call.a->sizes();
  const at::IntArrayRef b = call.b->sizes();
  if (a.size() < 2 || a.size() > 3) return DeclineReason::AtenRaises;
  const std::size_t row = a.size() - 2;
  const bool is_with_vector = call.is_with_vector() && row == 0;
  if ((a.size() != b.size() && !is_with_vector) || a[row + 1] != b[row] || (row == 1 && a[0] != b[0]))
    return DeclineReason::AtenRaises;
  if (call.a->numel() == 0 || call.b->numel() == 0) return DeclineReason::NoGain;
  product.batch = row == 1 ? a[0] : 1;
  product.m = a[row];
  product.k = b[row];
  product.n = is_with_vector ? 1 : b[row + 1];
  product.element_bytes = static_cast<std::int64_t>(call.a->itemsize());
  product.a = layout_of(*call.a);
  if (!is_with_vector) product.b = layout_of(*call.b);
  const std::array<std::int64_t, 3> all{product.batch, product.m, product.n};
  const at::IntArrayRef sizes(all.data() + (1 - row), is_with_vector ? 1 : row + 2);
  if (call.addend != nullptr && !take_addend(*call.addend, sizes, product)) return DeclineReason::AtenRaises;
  if (call.out != nullptr) return take_result(call, sizes, product);
  return std::nullopt;
}

}  // namespace gems::aten
