// Vectors of elements, and how they are loaded and stored.

//! snippet Vec
// N elements that one thread moves together, in words, which stay whole across branches.
template <class T, int N> struct Vec {
  static constexpr int size = N * sizeof(T);
  unsigned words[(size + 3) / 4];

  __device__ __forceinline__ T get(int k) const {
    union { unsigned words[(sizeof(T) + 3) / 4]; T element; } one;
    #pragma unroll
    for (int i = 0; i < (int)sizeof(one) / 4; ++i) one.words[i] = words[k * sizeof(T) / 4 + i];
    if (sizeof(T) < 4) one.words[0] >>= k * sizeof(T) % 4 * 8;
    return one.element;
  }
  // Each element once, the words being zero before.
  __device__ __forceinline__ void put(int k, T element) {
    union { unsigned words[(sizeof(T) + 3) / 4]; T element; } one = {};
    one.element = element;
    if (sizeof(T) < 4) one.words[0] <<= k * sizeof(T) % 4 * 8;
    #pragma unroll
    for (int i = 0; i < (int)sizeof(one) / 4; ++i) words[k * sizeof(T) / 4 + i] |= one.words[i];
  }
  // One element in place of all: set_first() when it is there, repeat() when it is wanted.
  __device__ __forceinline__ void set_first(T element) {
    union { unsigned words[(sizeof(T) + 3) / 4]; T element; } one = {};
    one.element = element;
    #pragma unroll
    for (int i = 0; i < (int)sizeof(one) / 4; ++i) words[i] = one.words[i];
  }
  __device__ __forceinline__ void repeat() {
    constexpr int one = sizeof(T) < 4 ? 1 : sizeof(T) / 4;
    if (sizeof(T) == 1) words[0] *= 0x01010101u;
    if (sizeof(T) == 2) words[0] *= 0x00010001u;
    #pragma unroll
    for (int i = one; i < (size + 3) / 4; ++i) words[i] = words[i % one];
  }
};

//! snippet Load needs Vec
// A vector, in accesses of one Word.
template <class V, class Word, class T> __device__ __forceinline__ V load(const T* from) {
  union { V vec; Word words[V::size / sizeof(Word)]; } result = {};
  #pragma unroll
  for (int i = 0; i < V::size / (int)sizeof(Word); ++i) result.words[i] = reinterpret_cast<const Word*>(from)[i];
  return result.vec;
}

//! snippet StoreWord
// One access to global memory. In PTX, since the compiler splits an assignment of words whose address it finds no
// multiple of their size.
__device__ __forceinline__ void store_word(uint4* to, uint4 word) {
  asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};"
               : : "l"(to), "r"(word.x), "r"(word.y), "r"(word.z), "r"(word.w) : "memory");
}
__device__ __forceinline__ void store_word(uint2* to, uint2 word) {
  asm volatile("st.global.v2.u32 [%0], {%1, %2};" : : "l"(to), "r"(word.x), "r"(word.y) : "memory");
}
template <class Word> __device__ __forceinline__ void store_word(Word* to, Word word) { *to = word; }

//! snippet Store needs StoreWord, Vec
template <class Word, class V, class T> __device__ __forceinline__ void store(T* to, const V& value) {
  union { V vec; Word words[V::size / sizeof(Word)]; } from = {value};
  #pragma unroll
  for (int i = 0; i < V::size / (int)sizeof(Word); ++i) store_word(reinterpret_cast<Word*>(to) + i, from.words[i]);
}
