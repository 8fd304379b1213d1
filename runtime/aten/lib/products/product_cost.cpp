// The constants were measured on an H100 and an H200 with the cuBLAS of CUDA 13, and are such that a doubtful product
// is left as it is: rates of kernels for unaligned operands are rather too high here, those of others rather too low.
#include "products/product_cost.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "gems/dsl/error.h"
#include "gems/runtime/device.h"

namespace gems::aten {
namespace {

constexpr int MeasuredArch = 90;
constexpr double LaunchUs = 5;           // a product's launch and latency
constexpr double CopyLaunchUs = 4;       // the same of a copy
constexpr double FillUs = 3;             // zeros behind the last column or row
constexpr double HostUs = 7;             // of one launch, all that belongs to it included
constexpr double ProductTraffic = 0.75;  // of the peak of memory
constexpr double CopyTraffic = 0.7;
constexpr std::int64_t Tile = 64;
constexpr std::int64_t SmallestSize = 2;  // a vector has kernels of its own
constexpr double Margin = 1.25;
constexpr std::int64_t MostVectors = 8;  // of the layout 'products'
// The library reads matrices of more bytes at the speed of memory, unless vectors are short.
constexpr std::int64_t LargeMatrixBytes = 64 << 20;
constexpr std::int64_t ShortVector = 2048;
constexpr std::int64_t LeastRowsOfBatch = 8;  // of each matrix: what a block has of one
// On an H100 96 products of 8 x 64 with 64 x 2048 take the library 13.7 us, one launch 17.3; with 128 in place of 64
// they are as fast as each other.
constexpr std::int64_t LeastElementsOfBatch = 128;
constexpr double BytesPerUs = 1e3;  // of 1 GB/s

// Operations in a microsecond, by what the least aligned of sizes, strides and addresses is a multiple of.
double operations_per_us(std::int64_t alignment, std::int64_t element_bytes) {
  if (element_bytes == 2) return alignment >= 16 ? 650e6 : alignment >= 4 ? 230e6 : 115e6;
  return alignment >= 16 ? 350e6 : alignment >= 8 ? 200e6 : 130e6;
}

// Of the library, in GB/s: kernels for unaligned operands load and store by the element or by a few.
double traffic_gbps(std::int64_t alignment, std::int64_t element_bytes, const ProductRates& rates) {
  const double peak = ProductTraffic * rates.memory_gbps;
  return alignment > element_bytes ? peak : std::min(peak, 650.0 * static_cast<double>(element_bytes));
}

double rounded_to_tile(std::int64_t size) { return static_cast<double>((size + Tile - 1) / Tile * Tile); }

std::int64_t alignment_of(std::int64_t size, std::int64_t element_bytes) {
  const std::int64_t bytes = size * element_bytes;
  return std::min(bytes & -bytes, ProductAlignment);
}

std::int64_t alignment_of(const Product& product) {
  std::int64_t alignment = std::min({product.a.alignment, product.b.alignment, product.result_alignment,
                                     alignment_of(product.n, product.element_bytes)});
  if (!product.a.along_rows) alignment = std::min(alignment, alignment_of(product.m, product.element_bytes));
  if (product.a.along_rows || !product.b.along_rows)
    alignment = std::min(alignment, alignment_of(product.k, product.element_bytes));
  return alignment;
}

double matrix_bytes(const Product& product, const MatrixLayout& layout, std::int64_t rows, std::int64_t columns) {
  const std::int64_t count = layout.is_shared ? 1 : product.batch;
  return static_cast<double>(count) * static_cast<double>(rows) * static_cast<double>(columns) *
         static_cast<double>(product.element_bytes);
}

double copy_us(double bytes, const ProductRates& rates) {
  return CopyLaunchUs + 2 * bytes / (CopyTraffic * rates.memory_gbps * BytesPerUs);
}

}  // namespace

std::optional<ProductRates> product_rates(int device) {
  constexpr int MaxDevices = 64;
  constexpr int Unmeasured = -1;
  static std::array<std::atomic<int>, MaxDevices> known{};  // the peak of memory in GB/s; 0: not asked yet
  if (device < 0 || device >= MaxDevices) return std::nullopt;
  std::atomic<int>& gbps = known[static_cast<std::size_t>(device)];
  int found = gbps.load(std::memory_order_relaxed);
  if (found == 0) {
    try {
      const CudaTarget target = cuda_target(device);
      found = target.arch == MeasuredArch && target.memory_gbps > 0 ? target.memory_gbps : Unmeasured;
    } catch (const Error&) {
      found = Unmeasured;
    }
    gbps.store(found, std::memory_order_relaxed);
  }
  if (found == Unmeasured) return std::nullopt;
  return ProductRates{.memory_gbps = static_cast<double>(found)};
}

double library_us(const Product& product, const ProductRates& rates) {
  const double operations = 2 * static_cast<double>(product.batch) * rounded_to_tile(product.m) *
                            rounded_to_tile(product.n) * static_cast<double>(product.k);
  const double bytes = matrix_bytes(product, product.a, product.m, product.k) +
                       matrix_bytes(product, product.b, product.k, product.n) +
                       matrix_bytes(product, {}, product.m, product.n) +
                       2 * static_cast<double>(product.addend_elements * product.element_bytes);
  const std::int64_t alignment = alignment_of(product);
  return LaunchUs + std::max(operations / operations_per_us(alignment, product.element_bytes),
                             bytes / (traffic_gbps(alignment, product.element_bytes, rates) * BytesPerUs));
}

double padded_us(const Product& product, const Padding& padding, const ProductRates& rates) {
  const std::int64_t unit = ProductAlignment / product.element_bytes;
  Product aligned = product;
  aligned.m = padding.m;
  aligned.n = padding.n;
  aligned.k = padding.k;
  aligned.a.alignment = aligned.b.alignment = aligned.result_alignment = ProductAlignment;
  double us = library_us(aligned, rates);
  int launches = 1;
  const auto add_copy = [&](double bytes, bool fills) {
    us += copy_us(bytes, rates) + (fills ? FillUs : 0);
    launches += fills ? 2 : 1;
  };
  const bool pads_k = padding.k != product.k;
  if (padding.copies_a) add_copy(matrix_bytes(product, product.a, product.m, product.k), pads_k);
  if (padding.copies_b) add_copy(matrix_bytes(product, product.b, product.k, product.n), pads_k);
  if (padding.splits_n) {
    Product tail = aligned;
    tail.n = unit;
    add_copy(matrix_bytes(product, product.b, product.k, unit), false);
    us += library_us(tail, rates);
    ++launches;
  }
  if (padding.buffers_result && product.addend_elements != 0)
    add_copy(static_cast<double>(product.addend_elements * product.element_bytes), false);
  if (padding.copies_result) add_copy(matrix_bytes(product, {}, product.m, product.n), false);
  return std::max(us, HostUs * launches);
}

bool is_worthwhile(const Product& product, const Padding& padding, const ProductRates& rates) {
  if (std::min({product.m, product.n, product.k}) < SmallestSize) return false;
  return library_us(product, rates) > Margin * padded_us(product, padding, rates);
}

std::int64_t most_vectors(const Product& product) {
  const bool is_aligned = std::min({product.a.alignment, product.b.alignment,
                                    alignment_of(product.k, product.element_bytes)}) == ProductAlignment;
  const std::int64_t rows = std::max(product.m, product.n);
  if (product.element_bytes != 2 || !is_aligned) return 0;
  if (product.batch > 1 &&
      (rows < LeastRowsOfBatch || product.k < LeastElementsOfBatch || product.a.is_shared || product.b.is_shared))
    return 0;
  const bool is_large = product.batch * rows * product.k * product.element_bytes > LargeMatrixBytes;
  return is_large && product.k > ShortVector ? 0 : MostVectors;
}

}  // namespace gems::aten
