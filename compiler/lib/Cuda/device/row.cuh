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

//! snippet CombineLanes needs Shuffle
// The states of `lanes` neighbours (a power of two up to 32), combined in their order: the same bits in each lane.
template <class Reduction, class State> __device__ __forceinline__ State combine_lanes(State state, int lanes) {
  #pragma unroll
  for (int distance = 1; distance < 32; distance *= 2) {
    if (distance >= lanes) break;
    const State other = shuffle_xor(state, distance);
    const bool later = !Reduction::commutes && (threadIdx.x & distance);
    state = Reduction::combine(later ? other : state, later ? state : other);
  }
  return state;
}

//! snippet CombineRow needs CombineLanes
// The states of the threads of a row, combined in their order: the same bits in each thread. A row has blockDim.x
// threads, a power of two up to 32 or a multiple of 32; only up to 32 does a block have several rows, along y, whose
// threads are a multiple of 32 together. All threads of the block call this. `exchange` is in shared memory, and written
// again only after another __syncthreads().
template <class Reduction, class State>
__device__ __forceinline__ State combine_row(State state, State (&exchange)[32]) {
  if (blockDim.x <= 32) return combine_lanes<Reduction>(state, blockDim.x);
  state = combine_lanes<Reduction>(state, 32);
  if (threadIdx.x % 32 == 0) exchange[threadIdx.x / 32] = state;
  __syncthreads();
  // Each warp combines the states of all.
  const int warps = blockDim.x / 32, lanes = 1 << (32 - __clz(warps - 1)), lane = threadIdx.x & (lanes - 1);
  return combine_lanes<Reduction>(lane < warps ? exchange[lane] : Reduction::identity(), lanes);
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

//! snippet Sum
template <class T> struct Sum {
  using State = T;
  static constexpr bool commutes = true;
  static __device__ __forceinline__ T identity() { return T(0); }
  static __device__ __forceinline__ T combine(T a, T b) { return a + b; }
};

//! snippet Prod
template <class T> struct Prod {
  using State = T;
  static constexpr bool commutes = true;
  static __device__ __forceinline__ T identity() { return T(1); }
  static __device__ __forceinline__ T combine(T a, T b) { return a * b; }
};

//! snippet ProdComplex
// T: a complex number of two parts.
template <class T> struct ProdComplex {
  using State = T;
  static constexpr bool commutes = false;
  static __device__ __forceinline__ T identity() { return {1, 0}; }
  static __device__ __forceinline__ T combine(T a, T b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
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
  // An element after those before.
  static __device__ __forceinline__ void add(State& state, T value, long long index) {
    if (!(value <= state.value || state.value != state.value) || index < state.index) state = {value, index};
  }
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
  static __device__ __forceinline__ void add(State& state, T value, long long index) {
    if (!(value >= state.value || state.value != state.value) || index < state.index) state = {value, index};
  }
};

//! snippet Moments
// How many elements, their mean, and the sum of the squares of their distances from it.
template <class T> struct Moments {
  struct State {
    T count, mean, m2;
  };
  static constexpr bool commutes = false;
  static __device__ __forceinline__ State identity() { return {}; }
  static __device__ __forceinline__ State combine(const State& a, const State& b) {
    const T count = a.count + b.count, share = b.count / count, distance = b.mean - a.mean;
    const State both = {count, a.mean + distance * share, a.m2 + b.m2 + distance * distance * (a.count * share)};
    return b.count == 0 ? a : a.count == 0 ? b : both;
  }
  // The first `count` elements of x in two passes, at least one.
  template <int N> static __device__ __forceinline__ State of(const T (&x)[N], int count) {
    T sum = 0, m2 = 0;
    #pragma unroll
    for (int k = 0; k < N; ++k) sum += k < count ? x[k] : T(0);
    const T mean = count == N ? sum * T(1.0 / N) : sum / count;
    #pragma unroll
    for (int k = 0; k < N; ++k) m2 += k < count ? (x[k] - mean) * (x[k] - mean) : T(0);
    return {T(count), mean, m2};
  }
};

//! snippet ExpSum needs MaxF32
// The maximum, and the sum of exp(x - maximum). Exp::exp() is the function, of arguments up to 0. NaN if any is NaN or
// +inf; the sum of nothing but -inf is 0. Elements that do not exist are -inf.
template <class T, class Exp> struct ExpSum {
  struct State {
    T max, sum;
  };
  static constexpr bool commutes = false;
  static __device__ __forceinline__ State identity() { return {lowest(), T(0)}; }
  static __device__ __forceinline__ State combine(const State& a, const State& b) {
    const T max = larger(a.max, b.max), from = base(max);
    return {max, a.sum * Exp::exp(a.max - from) + b.sum * Exp::exp(b.max - from)};
  }
  // Elements after those before; one correction for all of them.
  template <int N> static __device__ __forceinline__ void add(State& state, const T (&x)[N]) {
    T max = state.max, sum = 0;
    #pragma unroll
    for (int k = 0; k < N; ++k) max = larger(max, x[k]);
    const T from = base(max);
    #pragma unroll
    for (int k = 0; k < N; ++k) sum += Exp::exp(x[k] - from);
    state = {max, state.sum * Exp::exp(state.max - from) + sum};
  }
  // What is subtracted: finite where all elements are -inf, so that their exponentials are 0.
  static __device__ __forceinline__ T base(T max) { return max == lowest() ? T(0) : max; }

 private:
  static __device__ __forceinline__ T lowest() { return Extremes<T>::lowest(); }
  static __device__ __forceinline__ T larger(T a, T b) { return Max<T>::combine(a, b); }
};
