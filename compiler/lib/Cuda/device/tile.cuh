// Moves of tiles through shared memory.

//! snippet Tile needs Load, StridedVec, Store, Divisor
// How a block covers its tile: Lanes threads side by side, each with Width columns of Unroll groups of Pack rows.
template <int Threads, int Lanes, int Width, int Pack, int Unroll> struct TileShape {
  static constexpr int threads = Threads, lanes = Lanes, width = Width, pack = Pack, vectors = Pack * Unroll;
  static constexpr int columns = Lanes * Width, rows = Threads / Lanes * vectors;
  // The first column of this thread, and the row of its vector u.
  static __device__ __forceinline__ int column() { return threadIdx.x % Lanes * Width; }
  static __device__ __forceinline__ int row(int u) {
    return (u / Pack * (Threads / Lanes) + threadIdx.x / Lanes) * Pack + u % Pack;
  }
};

// The elements of a tile, column after column. Those of each thread along a row begin at memory banks of their own.
template <class T, class Shape> struct alignas(16) Tile {
  static constexpr int skew = 128 / Shape::lanes > (int)sizeof(T) ? 128 / Shape::lanes / (int)sizeof(T) : 1;
  T at[Shape::lanes][Shape::width * Shape::rows + skew];
};

// Into shared memory.
template <class Word, class V, class T> __device__ __forceinline__ void put_words(T* to, const V& value) {
  union { V vec; Word words[V::size / sizeof(Word)]; } from = {value};
  #pragma unroll
  for (int i = 0; i < V::size / (int)sizeof(Word); ++i) reinterpret_cast<Word*>(to)[i] = from.words[i];
}

// From memory whose neighbours are rows: words along the rows. Whole: all columns and rows exist.
template <bool Whole, class Word, bool Aligned, class T, class Shape>
__device__ __forceinline__ void fill_tile(Tile<T, Shape>& tile, const T* from, long long stride, int columns, int rows) {
  constexpr int N = sizeof(Word) / sizeof(T), per_column = Shape::rows / N;
  constexpr int all = Shape::columns * per_column, count = (all + Shape::threads - 1) / Shape::threads;
  StridedVec<T, N, Word, Aligned> vecs[count];
  #pragma unroll
  for (int i = 0; i < count; ++i) {
    const int at = i * Shape::threads + threadIdx.x, row = at % per_column * N, column = at / per_column;
    if constexpr (Whole && all % Shape::threads == 0) vecs[i].load(from + column * stride + row, 1, 0, N);
    // clang-format off
    else if (at < all && row < rows) vecs[i].load(from + (column < columns ? column : columns - 1) * stride + row, 1, 0, rows - row);
    // clang-format on
  }
  #pragma unroll
  for (int i = 0; i < count; ++i) {
    const int at = i * Shape::threads + threadIdx.x, row = at % per_column * N, column = at / per_column;
    if (at >= all) break;
    T* to = &tile.at[column / Shape::width][column % Shape::width * Shape::rows + row];
    if constexpr (Shape::lanes <= 8) put_words<Word>(to, vecs[i].vec());
    else if constexpr (Shape::lanes == 16 || sizeof(T) >= 8) put_words<uint2>(to, vecs[i].vec());
    else put_words<unsigned>(to, vecs[i].vec());
  }
}

// This thread's vectors from `begin` on, turned: four bytes in the tile are Pack elements of as many rows.
template <class T, int Width, int Count, class Shape>
__device__ __forceinline__ void read_tile(Vec<T, Width> (&vecs)[Count], const Tile<T, Shape>& tile, int begin) {
  #pragma unroll
  for (int u = 0; u < Count; u += Shape::pack) {
    #pragma unroll
    for (int p = 0; p < Shape::pack; ++p) vecs[u + p] = {};
    #pragma unroll
    for (int k = 0; k < Width; ++k) {
      const T* from = &tile.at[threadIdx.x % Shape::lanes][k * Shape::rows + Shape::row(begin + u)];
      using Pack = Vec<T, Shape::pack>;
      Pack rows = {};
      if constexpr (Pack::size == 4) rows.words[0] = *reinterpret_cast<const unsigned*>(from);
      else
        #pragma unroll
        for (int p = 0; p < Shape::pack; ++p) rows.put(p, from[p]);
      #pragma unroll
      for (int p = 0; p < Shape::pack; ++p) vecs[u + p].put(k, rows.get(p));
    }
  }
}

// The same from memory whose columns are neighbours; all columns and rows exist.
template <class Shape, class Word, class T, int N, int Count>
__device__ __forceinline__ void load_rows(Vec<T, N> (&vecs)[Count], const T* from, long long stride1) {
  #pragma unroll
  for (int u = 0; u < Count; ++u) vecs[u] = load<Vec<T, N>, Word>(from + Shape::column() + Shape::row(u) * stride1);
}

// The same with any stride, as far as columns and rows exist.
template <class Shape, class Word, bool Aligned, class T, int N, int Count>
__device__ __forceinline__ void load_any_rows(Vec<T, N> (&vecs)[Count], const T* from, long long stride0,
                                              long long stride1, int columns, int rows, int begin) {
  const int column = Shape::column();
  #pragma unroll
  for (int u = 0; u < Count; ++u) {
    const int row = Shape::row(begin + u) < rows ? Shape::row(begin + u) : rows - 1;
    StridedVec<T, N, Word, Aligned> strided;
    strided.load(from + column * stride0 + row * stride1, stride0, 0, columns - column);
    vecs[u] = strided.vec();
  }
}
