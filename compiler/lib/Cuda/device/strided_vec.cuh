// Moves of vectors of any stride and alignment, for kernels by rows and by tiles.

//! snippet StridedVec needs Vec
// A vector of elements that lie `stride` apart. Loaded first and put in order later, so that no load waits for another.
template <class T, int N, class Word, bool Aligned> struct StridedVec {
  static constexpr bool shifts = !Aligned && sizeof(Word) > sizeof(T);
  static constexpr int count = Vec<T, N>::size / sizeof(Word);
  static_assert(!shifts || sizeof(Word) >= 4, "parts of a word are not shifted");
  union {
    Word whole[count + shifts];
    unsigned words[sizeof(Word) < 4 ? 1 : (count + shifts) * sizeof(Word) / 4];
    Vec<T, N> gathered;
  };
  int lead = 0;           // bytes before the first element
  bool repeated = false;  // the first element stands for all

  // Neighbours, or with a stride of 0 one element; all exist.
  __device__ __forceinline__ void load_whole(const T* from, long long stride) {
    repeated = stride == 0;
    if (repeated) {
      gathered.set_first(*from);
      return;
    }
    // Aligned words, of which each has a part of the vector.
    if constexpr (shifts) lead = (unsigned long long)from % sizeof(Word);
    const Word* at = reinterpret_cast<const Word*>(reinterpret_cast<const char*>(from) - lead);
    #pragma unroll
    for (int i = 0; i < count; ++i) whole[i] = at[i];
    if constexpr (shifts) whole[count] = at[lead > 0 ? count : 0];
  }

  // Elements from `first` up to `last` exist, and stand in for the others.
  __device__ __forceinline__ void load(const T* from, long long stride, int first, int last) {
    if (stride == 0 || (stride == 1 && first == 0 && last >= N)) return load_whole(from, stride);
    gathered = {};
    #pragma unroll
    for (int k = 0; k < N; ++k) gathered.put(k, from[(k < first ? first : k < last ? k : last - 1) * stride]);
  }

  __device__ __forceinline__ Vec<T, N> vec() const {
    Vec<T, N> result = gathered;
    if (repeated) result.repeat();
    if constexpr (shifts) {
      if (lead == 0) return result;
      constexpr int all = (count + 1) * sizeof(Word) / 4;
      unsigned shifted[all];
      #pragma unroll
      for (int i = 0; i < all; ++i) shifted[i] = words[i];
      #pragma unroll
      for (int by = sizeof(Word) / 8; by > 0; by /= 2)
        #pragma unroll
        for (int i = 0; i + by < all; ++i)
          if (lead & 4 * by) shifted[i] = shifted[i + by];
      #pragma unroll
      for (int i = 0; i < Vec<T, N>::size / 4; ++i)
        result.words[i] = sizeof(T) < 4 ? __funnelshift_r(shifted[i], shifted[i + 1], lead % 4 * 8) : shifted[i];
    }
    return result;
  }
};

//! snippet StorePart needs Store
// A vector, or its elements from `first` up to `last`.
template <class Word, bool Aligned, class T, int N>
__device__ __forceinline__ void store_part(T* to, const Vec<T, N>& value, int first, int last) {
  if (first == 0 && last >= N && (Aligned || (unsigned long long)to % sizeof(Word) == 0)) return store<Word>(to, value);
  #pragma unroll
  for (int k = 0; k < N; ++k)
    if (k >= first && k < last) to[k] = value.get(k);
}
