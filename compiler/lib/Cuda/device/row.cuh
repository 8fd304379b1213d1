// Reductions of rows: how two states of each are combined, and over the threads of a row.
//
// A reduction has a State, the identity() that elements which do not exist contribute, and combine(), whose first state
// is of earlier elements. It commutes when the order of two states does not matter to any bit of the result.

//! snippet Shuffle
// The value of another lane of the warp; all lanes of it call this.
template <class T> __device__ __forceinline__ T shuffle_xor(T value, int distance) {
  union { T value; unsigned words[(sizeof(T) + 3) / 4]; } own = {}, other = {};
  own.value = value;
  #pragma unroll
  for (int i = 0; i < (int)sizeof(own) / 4; ++i) other.words[i] = __shfl_xor_sync(0xffffffff, own.words[i], distance);
  return other.value;
}

//! snippet ShuffleFromFirst
// The value of the first of `lanes` neighbours; all lanes of the warp call this.
template <class T> __device__ __forceinline__ T shuffle_from_first(T value, int lanes) {
  union { T value; unsigned words[(sizeof(T) + 3) / 4]; } own = {}, other = {};
  own.value = value;
  #pragma unroll
  for (int i = 0; i < (int)sizeof(own) / 4; ++i) other.words[i] = __shfl_sync(0xffffffff, own.words[i], 0, lanes);
  return other.value;
}

//! snippet CombineLanes needs Shuffle
// The states of `lanes` neighbours (a power of two up to 32), combined: the same bits in each lane. Any reduction's: in
// pairs, in their order.
template <class Reduction> struct Lanes {
  template <class State> static __device__ __forceinline__ State combine(State state, int lanes) {
    #pragma unroll
    for (int distance = 1; distance < 32; distance *= 2) {
      if (distance >= lanes) break;
      const State other = shuffle_xor(state, distance);
      const bool later = !Reduction::commutes && (threadIdx.x & distance);
      state = Reduction::combine(later ? other : state, later ? state : other);
    }
    return state;
  }
};

//! snippet CombineRow needs CombineLanes
// The states of the threads of a row, combined in their order: the same bits in each thread. A row has blockDim.x
// threads, a power of two up to 32 or a multiple of 32; only up to 32 does a block have several rows, along y, whose
// threads are a multiple of 32 together. All threads of the block call this. `exchange` is in shared memory, and written
// again only after another __syncthreads().
template <class Reduction, class State>
__device__ __forceinline__ State combine_row(State state, State (&exchange)[32]) {
  if (blockDim.x <= 32) return Lanes<Reduction>::combine(state, blockDim.x);
  state = Lanes<Reduction>::combine(state, 32);
  if (threadIdx.x % 32 == 0) exchange[threadIdx.x / 32] = state;
  __syncthreads();
  // Each warp combines the states of all.
  const int warps = blockDim.x / 32, lanes = 1 << (32 - __clz(warps - 1)), lane = threadIdx.x & (lanes - 1);
  return Lanes<Reduction>::combine(lane < warps ? exchange[lane] : Reduction::identity(), lanes);
}

//! snippet Elements
// Which of the elements that a thread has at once exist: vectors of Width, `step` columns apart; `left` columns are left
// from the first one on. Whole: a vector exists as a whole or not at all; here too: `whole`. all: every element exists.
template <int Width, bool Whole> struct Elements {
  int left, step;
  bool all = false, whole = Whole;
  __device__ __forceinline__ bool has(int k) const { return all || left - k / Width * step > (whole ? 0 : k % Width); }
  // How many elements there are of the vector that begins at element k, and more.
  __device__ __forceinline__ int rest(int k) const { return all ? Width : left - k / Width * step; }
};

//! snippet BeforeVector
// Elements before the first that begins a vector of N in memory.
template <int N, class T> __device__ __forceinline__ int before_vector(const T* at) {
  return (int)((N - (unsigned long long)at / sizeof(T) % N) % N);
}

//! snippet AddElements needs Elements
// Elements after those of a state; they are combined with each other first.
template <class Reduction, class T, int N, class These>
__device__ __forceinline__ void add_elements(T& state, const T (&x)[N], const These& elements) {
  T all = Reduction::identity();
  #pragma unroll
  for (int k = 0; k < N; ++k)
    if (elements.has(k)) all = Reduction::combine(all, x[k]);
  state = Reduction::combine(state, all);
}

//! snippet CombineAcross
// The same where a row's threads lie along y, and neighbouring rows along x: one after the other, in each thread, or in
// the first of a row alone.
template <class Reduction, bool InEach, class State, int Threads>
__device__ __forceinline__ State combine_across(State state, State (&exchange)[Threads][32]) {
  exchange[threadIdx.y][threadIdx.x] = state;
  __syncthreads();
  if (!InEach && threadIdx.y > 0) return state;
  state = exchange[0][threadIdx.x];
  #pragma unroll
  for (int y = 1; y < Threads; ++y) state = Reduction::combine(state, exchange[y][threadIdx.x]);
  return state;
}

//! snippet ShiftedRow needs Vec, StoreWord
// The vectors of a thread of a row that begins anywhere, from aligned words of 16 bytes: each has a part of the next
// thread's vector, too. All lanes of a warp call this.
template <class T, int N, int V>
__device__ __forceinline__ void load_shifted(Vec<T, N> (&vecs)[V], const T* from, int columns) {
  static_assert(Vec<T, N>::size == 16, "whole words are exchanged");
  const int lead = (unsigned long long)from % 16;
  const int lanes = blockDim.x < 32 ? blockDim.x : 32, lane = threadIdx.x & (lanes - 1);
  const uint4* at = reinterpret_cast<const uint4*>(reinterpret_cast<const char*>(from) - lead);
  const int count = columns > 0 ? (lead + columns * (int)sizeof(T) + 15) / 16 : 0;
  union Word { uint4 whole; unsigned words[4]; } own[V], extra = {};
  #pragma unroll
  for (int v = 0; v < V; ++v) {
    const int i = v * blockDim.x + threadIdx.x;
    own[v].whole = {};
    if (i < count) own[v].whole = at[i];
  }
  // Lane v has what follows vector v of the last lane.
  const int follows = lane * blockDim.x + (threadIdx.x - lane) + lanes;
  if (lane < V && follows < count && lead > 0) extra.whole = at[follows];
  #pragma unroll
  for (int v = 0; v < V; ++v) {
    unsigned shifted[8];
    #pragma unroll
    for (int i = 0; i < 4; ++i) {
      shifted[i] = own[v].words[i];
      const unsigned next = __shfl_down_sync(0xffffffff, own[v].words[i], 1, lanes);
      // Rows of fewer threads than vectors of each load what follows themselves.
      const unsigned last = __shfl_sync(0xffffffff, extra.words[i], v & (lanes - 1), lanes);
      shifted[i + 4] = lane == lanes - 1 ? last : next;
    }
    if (lanes < V && lead > 0 && lane == lanes - 1) {
      const int i = (v + 1) * blockDim.x;
      Word word = {};
      if (i < count) word.whole = at[i];
      #pragma unroll
      for (int w = 0; w < 4; ++w) shifted[w + 4] = word.words[w];
    }
    #pragma unroll
    for (int by = 2; by > 0; by /= 2)
      #pragma unroll
      for (int i = 0; i + by < 8; ++i)
        if (lead & 4 * by) shifted[i] = shifted[i + by];
    #pragma unroll
    for (int i = 0; i < 4; ++i) vecs[v].words[i] = __funnelshift_r(shifted[i], shifted[i + 1], lead % 4 * 8);
  }
}

// A vector of which `left` elements exist, into aligned words: each has the end of the previous thread's vector, too.
// What is no whole word is stored by the element. All lanes of a warp call this.
template <class T, int N> __device__ __forceinline__ void store_shifted(T* to, const Vec<T, N>& value, int left) {
  static_assert(Vec<T, N>::size == 16, "whole words are exchanged");
  const int lead = (unsigned long long)to % 16, first = N - lead / (int)sizeof(T), by = 16 - lead;
  const int lanes = blockDim.x < 32 ? blockDim.x : 32, lane = threadIdx.x & (lanes - 1);
  unsigned shifted[8];
  #pragma unroll
  for (int i = 0; i < 4; ++i) {
    shifted[i + 4] = value.words[i];
    shifted[i] = __shfl_up_sync(0xffffffff, value.words[i], 1, lanes);
  }
  const bool whole = left >= first && (lane > 0 || lead == 0);
  const bool next = __shfl_down_sync(0xffffffff, (unsigned)whole, 1, lanes) != 0 && lane < lanes - 1;
  #pragma unroll
  for (int d = 4; d > 0; d /= 2)
    #pragma unroll
    for (int i = 0; i + d < 8; ++i)
      if (by & 4 * d) shifted[i] = shifted[i + d];
  if (whole) {
    const uint4 word = {
        __funnelshift_r(shifted[0], shifted[1], by % 4 * 8), __funnelshift_r(shifted[1], shifted[2], by % 4 * 8),
        __funnelshift_r(shifted[2], shifted[3], by % 4 * 8), __funnelshift_r(shifted[3], shifted[4], by % 4 * 8)};
    store_word(reinterpret_cast<uint4*>(reinterpret_cast<char*>(to) - lead), word);
  }
  if (!whole || (!next && lead > 0)) {
    #pragma unroll
    for (int k = 0; k < N; ++k)
      if (k < left && (k < first ? !whole : !next)) to[k] = value.get(k);
  }
}

//! snippet Both
// Two reductions in one sweep.
template <class First, class Second> struct Both {
  struct State {
    typename First::State first;
    typename Second::State second;
  };
  static constexpr bool commutes = First::commutes && Second::commutes;
  static __device__ __forceinline__ State identity() { return {First::identity(), Second::identity()}; }
  static __device__ __forceinline__ State combine(const State& a, const State& b) {
    return {First::combine(a.first, b.first), Second::combine(a.second, b.second)};
  }
};

//! snippet LanesOfBoth needs CombineLanes, Both
template <class First, class Second> struct Lanes<Both<First, Second>> {
  template <class State> static __device__ __forceinline__ State combine(State state, int lanes) {
    return {Lanes<First>::combine(state.first, lanes), Lanes<Second>::combine(state.second, lanes)};
  }
};

//! snippet Sum
template <class T> struct Sum {
  using State = T;
  static constexpr bool commutes = true;
  static __device__ __forceinline__ T identity() { return T(0); }
  static __device__ __forceinline__ T combine(T a, T b) { return a + b; }
};

//! snippet SumComplex needs Sum, C64, C128
template <class T> struct SumOfParts {
  using State = T;
  static constexpr bool commutes = true;
  static __device__ __forceinline__ T identity() { return {0, 0}; }
  static __device__ __forceinline__ T combine(T a, T b) { return {a.re + b.re, a.im + b.im}; }
};
template <> struct Sum<c64> : SumOfParts<c64> {};
template <> struct Sum<c128> : SumOfParts<c128> {};

//! snippet AddTerms needs Sum, Vec, Load, Store
// Adds terms to the sums of neighbouring columns, which the first row begins.
template <class Word, class T, int N>
__device__ __forceinline__ void add_terms(T* sums, const Vec<T, N>& terms, bool begins) {
  Vec<T, N> before = {}, after = {};
  if (!begins) before = load<Vec<T, N>, Word>(sums);
  #pragma unroll
  for (int k = 0; k < N; ++k) after.put(k, Sum<T>::combine(before.get(k), terms.get(k)));
  store<Word>(sums, after);
}

//! snippet LeaveSums needs Sum, Vec, Store
// Stores the sums of the columns that a block had, over its rows: of this thread's vectors, `step` columns apart. The
// rows of a block lie along y, the last ones are added first. All threads of the block call this.
template <int Width, class Word, class T, int N>
__device__ __forceinline__ void leave_sums(T* to, T (&sums)[N], T (&exchange)[N][32], int start, int step,
                                           long long columns) {
  for (int y = blockDim.y - 1; y > 0; --y) {
    __syncthreads();
    #pragma unroll
    for (int i = 0; i < N; ++i)
      if (threadIdx.y == y) exchange[i][threadIdx.x] = sums[i];
    __syncthreads();
    #pragma unroll
    for (int i = 0; i < N; ++i)
      if (threadIdx.y == y - 1) sums[i] = Sum<T>::combine(sums[i], exchange[i][threadIdx.x]);
  }
  #pragma unroll
  for (int v = 0; v < N / Width; ++v) {
    Vec<T, Width> vec = {};
    #pragma unroll
    for (int k = 0; k < Width; ++k) vec.put(k, sums[v * Width + k]);
    if (threadIdx.y == 0 && start + v * step < columns) store<Word>(to + start + v * step, vec);
  }
}

//! snippet FoldSums needs Sum
// The sum of every blockDim.y-th part of a column, from that of this thread on. Loads come first, many of them.
template <class T> __device__ __forceinline__ T fold_sums(const T* from, long long pitch, unsigned parts) {
  T sum = Sum<T>::identity();
  for (unsigned first = threadIdx.y; first < parts; first += 12 * blockDim.y) {
    T some[12];
    #pragma unroll
    for (int i = 0; i < 12; ++i) {
      const unsigned part = first + i * blockDim.y;
      some[i] = part < parts ? from[part * pitch] : Sum<T>::identity();
    }
    #pragma unroll
    for (int i = 0; i < 12; ++i) sum = Sum<T>::combine(sum, some[i]);
  }
  return sum;
}

//! snippet Prod
template <class T> struct Prod {
  using State = T;
  static constexpr bool commutes = true;
  static __device__ __forceinline__ T identity() { return T(1); }
  static __device__ __forceinline__ T combine(T a, T b) { return a * b; }
};

//! snippet Extremes
// The lowest and the highest value of a type; of a float, the infinities.
template <class T> struct Extremes {
  static constexpr bool is_signed = T(-1) < T(0);
  static __device__ __forceinline__ T lowest() { return is_signed ? (T)(1ull << (8 * sizeof(T) - 1)) : T(0); }
  static __device__ __forceinline__ T highest() { return (T)(is_signed ? ~(1ull << (8 * sizeof(T) - 1)) : ~0ull); }
};
template <> struct Extremes<float> {
  static __device__ __forceinline__ float lowest() { return __uint_as_float(0xff800000u); }
  static __device__ __forceinline__ float highest() { return __uint_as_float(0x7f800000u); }
};
template <> struct Extremes<double> {
  static __device__ __forceinline__ double lowest() { return __longlong_as_double(0xfffll << 52); }
  static __device__ __forceinline__ double highest() { return __longlong_as_double(0x7ffll << 52); }
};

//! snippet Max needs Extremes
// NaN if any is NaN. Zeros of both signs: the earlier one.
template <class T> struct Max {
  using State = T;
  static constexpr bool commutes = false;
  static __device__ __forceinline__ T identity() { return Extremes<T>::lowest(); }
  static __device__ __forceinline__ T combine(T a, T b) { return a >= b || a != a ? a : b; }
};

//! snippet Min needs Extremes
template <class T> struct Min {
  using State = T;
  static constexpr bool commutes = false;
  static __device__ __forceinline__ T identity() { return Extremes<T>::highest(); }
  static __device__ __forceinline__ T combine(T a, T b) { return a <= b || a != a ? a : b; }
};

//! snippet MaxF32 needs MinMaxF32, Max
template <> struct Max<float> {
  using State = float;
  static constexpr bool commutes = false;
  static __device__ __forceinline__ float identity() { return Extremes<float>::lowest(); }
  static __device__ __forceinline__ float combine(float a, float b) { return maximum(a, b); }
};

//! snippet MinF32 needs MinMaxF32, Min
template <> struct Min<float> {
  using State = float;
  static constexpr bool commutes = false;
  static __device__ __forceinline__ float identity() { return Extremes<float>::highest(); }
  static __device__ __forceinline__ float combine(float a, float b) { return minimum(a, b); }
};

//! snippet Found
// A value and where in the row it is.
template <class T> struct Found {
  T value;
  long long index;
};

//! snippet MaxIndex needs Found, Extremes
// The first NaN, else the first of the largest. Identity: no element, which any precedes.
template <class T> struct MaxIndex {
  using State = Found<T>;
  static constexpr bool commutes = true;
  static __device__ __forceinline__ State identity() { return {Extremes<T>::lowest(), Extremes<long long>::highest()}; }
  static __device__ __forceinline__ State combine(const State& a, const State& b) {
    const bool a_is_nan = a.value != a.value, b_is_nan = b.value != b.value;
    const bool tied = a.value == b.value || (a_is_nan && b_is_nan);
    return (tied ? b.index < a.index : !a_is_nan && (b.value > a.value || b_is_nan)) ? b : a;
  }
  static __device__ __forceinline__ bool is_better(T value, T than) { return !(value <= than || than != than); }
};

//! snippet MinIndex needs Found, Extremes
// The first NaN, else the first of the smallest.
template <class T> struct MinIndex {
  using State = Found<T>;
  static constexpr bool commutes = true;
  static __device__ __forceinline__ State identity() { return {Extremes<T>::highest(), Extremes<long long>::highest()}; }
  static __device__ __forceinline__ State combine(const State& a, const State& b) {
    const bool a_is_nan = a.value != a.value, b_is_nan = b.value != b.value;
    const bool tied = a.value == b.value || (a_is_nan && b_is_nan);
    return (tied ? b.index < a.index : !a_is_nan && (b.value < a.value || b_is_nan)) ? b : a;
  }
  static __device__ __forceinline__ bool is_better(T value, T than) { return !(value >= than || than != than); }
};

//! snippet AddFound needs Found, Elements
// Elements after those of a state, the first one at index `first`.
template <class Reduction, class T, int N, int Width, bool Whole>
__device__ __forceinline__ void add_found(Found<T>& state, const T (&x)[N], const Elements<Width, Whole>& elements,
                                          long long first) {
  if (!elements.has(0)) return;
  T best = x[0];
  int at = 0;
  #pragma unroll
  for (int k = 1; k < N; ++k)
    if (elements.has(k) && Reduction::is_better(x[k], best)) best = x[k], at = k / Width * elements.step + k % Width;
  state = Reduction::combine(state, Found<T>{best, first + at});
}

//! snippet FoundIndex needs Found, Extremes
// 0 where a row has no elements.
template <class T> __device__ __forceinline__ long long index_of(const Found<T>& state) {
  return state.index == Extremes<long long>::highest() ? 0 : state.index;
}

//! snippet Moments needs Elements
// How many elements, their mean, and the sum of the squares of their distances from it.
template <class T> struct Moments {
  struct State {
    T count, mean, squares;
  };
  static constexpr bool commutes = false;
  static __device__ __forceinline__ State identity() { return {}; }
  static __device__ __forceinline__ State combine(const State& a, const State& b) {
    const T count = a.count + b.count, share = b.count / count, distance = b.mean - a.mean;
    const State both = {count, a.mean + distance * share,
                        a.squares + b.squares + distance * distance * (a.count * share)};
    return b.count == 0 ? a : a.count == 0 ? b : both;
  }
  // NaN of no elements.
  static __device__ __forceinline__ T mean_of(const State& state) {
    return state.count > 0 ? state.mean : state.count / state.count;
  }
  // Elements after those of a state; their own moments are found in two passes. From the first one's distance, so that
  // elements that are all the same have no variance.
  template <int N, class These>
  static __device__ __forceinline__ void add(State& state, const T (&x)[N], const These& elements) {
    if (!elements.has(0)) return;
    int count = 0;
    T sum = 0, squares = 0;
    const T base = x[0] - x[0] == T(0) ? x[0] : T(0);
    #pragma unroll
    for (int k = 0; k < N; ++k)
      if (elements.has(k)) ++count, sum += x[k] - base;
    const T mean = base + (count == N ? sum * T(1.0 / N) : sum / count);
    #pragma unroll
    for (int k = 0; k < N; ++k)
      if (elements.has(k)) squares += (x[k] - mean) * (x[k] - mean);
    state = combine(state, {T(count), mean, squares});
  }
};

//! snippet LanesOfMoments needs CombineLanes, ShuffleFromFirst, Moments, Sum
// The moments of all lanes at once, by the distances of their means from the first lane's: means that are all the same
// have no distance.
template <class T> struct Lanes<Moments<T>> {
  using State = typename Moments<T>::State;
  static __device__ __forceinline__ State combine(const State& state, int lanes) {
    const T first = shuffle_from_first(state.mean, lanes), base = first - first == T(0) ? first : T(0);
    const T count = Lanes<Sum<T>>::combine(state.count, lanes);
    const T distance = state.count == 0 ? T(0) : state.mean - base;
    const T shift = Lanes<Sum<T>>::combine(count == 0 ? T(0) : state.count / count * distance, lanes);
    const T own = state.count == 0 ? T(0) : state.squares + state.count * ((distance - shift) * (distance - shift));
    return {count, base + shift, Lanes<Sum<T>>::combine(own, lanes)};
  }
};

//! snippet ExpBase needs Extremes
// What is subtracted before exp: the maximum; 0 where all elements are -infinity, so that their exponentials are 0.
template <class T> __device__ __forceinline__ T exp_base(T max) { return max == Extremes<T>::lowest() ? T(0) : max; }

//! snippet ExpSum needs Max, MaxF32, ExpBase, Elements
// The maximum, and the sum of exp(x - maximum). Exp::exp() is the function, of arguments up to 0. NaN if any is NaN or
// infinite; the sum of nothing but -infinity is 0.
template <class T, class Exp> struct ExpSum {
  struct State {
    T max, sum;
  };
  static constexpr bool commutes = false;
  static __device__ __forceinline__ State identity() { return {Max<T>::identity(), T(0)}; }
  static __device__ __forceinline__ State combine(const State& a, const State& b) {
    const T max = Max<T>::combine(a.max, b.max), from = exp_base(max);
    return {max, a.sum * Exp::exp(a.max - from) + b.sum * Exp::exp(b.max - from)};
  }
  // Elements after those of a state; one correction for all of them.
  template <int N, class These>
  static __device__ __forceinline__ void add(State& state, const T (&x)[N], const These& elements) {
    T max = state.max, sum = 0;
    #pragma unroll
    for (int k = 0; k < N; ++k)
      if (elements.has(k)) max = Max<T>::combine(max, x[k]);
    const T from = exp_base(max);
    #pragma unroll
    for (int k = 0; k < N; ++k)
      if (elements.has(k)) sum += Exp::exp(x[k] - from);
    state = {max, state.sum * Exp::exp(state.max - from) + sum};
  }
};

//! snippet LanesOfExpSum needs CombineLanes, ExpSum, Sum
// One correction for the maximum of all lanes.
template <class T, class Exp> struct Lanes<ExpSum<T, Exp>> {
  using State = typename ExpSum<T, Exp>::State;
  static __device__ __forceinline__ State combine(const State& state, int lanes) {
    const T max = Lanes<Max<T>>::combine(state.max, lanes);
    return {max, Lanes<Sum<T>>::combine(state.sum * Exp::exp(state.max - exp_base(max)), lanes)};
  }
};
