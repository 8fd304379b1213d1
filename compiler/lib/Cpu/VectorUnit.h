// What the passes need to know of the processor that a kernel is for.
#pragma once

#include <cstdint>

namespace gems::cpu {

struct VectorUnit {
  int64_t bytes = 64;   // of the widest vectors: 64 means AVX-512 (F, BW, DQ, VL), 32 AVX2, 16 SSE
  bool hasF16c = true;  // instructions that convert f16
  bool hasBf16 = true;  // and one that rounds to bf16, but for denormals
};

}  // namespace gems::cpu
