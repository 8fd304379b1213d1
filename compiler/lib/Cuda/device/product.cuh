// Products of up to eight rows of two-byte elements with eight others, in f32. Lane l has elements of row l / 4 of both,
// eight of the 32 that the lanes l / 4 * 4 to l / 4 * 4 + 3 have together, and the sums of products of row l / 4 of x
// with the rows l % 4 * 2 and l % 4 * 2 + 1 of y. All lanes of a warp call these.

//! snippet MultiplyShuffled needs Vec
template <class T>
__device__ __forceinline__ void multiply_add(float (&sums)[2], const Vec<T, 8>& x, const Vec<T, 8>& y) {
  const int lane = threadIdx.x % 32;
  #pragma unroll
  for (int from = 0; from < 4; ++from)
    #pragma unroll
    for (int i = 0; i < 4; ++i) {
      const Vec<T, 2> of_x = {{__shfl_sync(0xffffffff, x.words[i], lane / 4 * 4 + from, 32)}};
      #pragma unroll
      for (int n = 0; n < 2; ++n) {
        const Vec<T, 2> of_y = {{__shfl_sync(0xffffffff, y.words[i], lane % 4 * 8 + n * 4 + from, 32)}};
        sums[n] += to_f32(of_x.get(0)) * to_f32(of_y.get(0));
        sums[n] += to_f32(of_x.get(1)) * to_f32(of_y.get(1));
      }
    }
}

//! snippet MultiplyBF16 since sm_80 needs BF16, Vec
// An instruction multiplies 16 columns, in any order that is the same in x and y; the other eight rows of x are zero.
__device__ __forceinline__ void multiply_add(float (&sums)[2], const Vec<bf16, 8>& x, const Vec<bf16, 8>& y) {
  float others[2] = {};
  #pragma unroll
  for (int i = 0; i < 4; i += 2)
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %6, %5, %6}, {%7, %8}, {%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(others[0]), "+f"(others[1])
        : "r"(x.words[i]), "r"(x.words[i + 1]), "r"(0), "r"(y.words[i]), "r"(y.words[i + 1]));
}

//! snippet MultiplyBF16 needs FromBF16, MultiplyShuffled
// Tensor cores before sm_80 take no bf16.

//! snippet MultiplyF16 since sm_80 needs F16, Vec
// An instruction multiplies 16 columns, in any order that is the same in x and y; the other eight rows of x are zero.
__device__ __forceinline__ void multiply_add(float (&sums)[2], const Vec<f16, 8>& x, const Vec<f16, 8>& y) {
  float others[2] = {};
  #pragma unroll
  for (int i = 0; i < 4; i += 2)
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %6, %5, %6}, {%7, %8}, {%0, %1, %2, %3};"
        : "+f"(sums[0]), "+f"(sums[1]), "+f"(others[0]), "+f"(others[1])
        : "r"(x.words[i]), "r"(x.words[i + 1]), "r"(0), "r"(y.words[i]), "r"(y.words[i + 1]));
}

//! snippet MultiplyF16 needs FromF16, MultiplyShuffled
// Tensor cores before sm_80 take f16 in other shapes.
