// Product: what decides how fast the library (cuBLAS) multiplies two matrices, or a batch of pairs: sizes, and how the
// matrices lie in memory.
#pragma once

#include <cstdint>

namespace gems::aten {

// Kernels that load 16 bytes at once are the fast ones.
inline constexpr std::int64_t ProductAlignment = 16;

struct MatrixLayout {
  bool along_rows = true;                     // neighbours in memory are neighbours in a row; else in a column
  bool is_shared = false;                     // one matrix for all of the batch
  std::int64_t alignment = ProductAlignment;  // of the address and of the strides, in bytes; no more than 16
};

// [batch, m, k] times [batch, k, n]. The result lies along its rows.
struct Product {
  std::int64_t batch = 1;
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  std::int64_t element_bytes = 2;  // 4: f32, computed in TF32
  MatrixLayout a{};
  MatrixLayout b{};
  std::int64_t addend_elements = 0;  // that are added to the product, in memory; 0: none
  bool is_result_given = false;
  std::int64_t result_alignment = ProductAlignment;  // of a given one, as that of a matrix
};

}  // namespace gems::aten
