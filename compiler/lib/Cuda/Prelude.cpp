// The pieces of code that emitted kernels may need before them.
#include "Cuda/Prelude.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "Cuda/MathText.h"
#include "Cuda/MoveText.h"

namespace gems::cuda {
namespace {

struct SnippetRow {
  Snippet snippet;
  std::initializer_list<Snippet> needs;
  bool portable;
  std::string_view text;
  std::string_view text_before = {};  // for architectures before `since`, which lack the instructions of `text`
  int since = 80;
  std::initializer_list<Snippet> needs_before = {};
};

const SnippetRow snippet_table[] = {
    {Snippet::I8, {}, true, "using i8 = signed char;\n"},
    {Snippet::U8, {}, true, "using u8 = unsigned char;\n"},
    {Snippet::I16, {}, true, "using i16 = short;\n"},
    {Snippet::U16, {}, true, "using u16 = unsigned short;\n"},
    {Snippet::I32, {}, true, "using i32 = int;\n"},
    {Snippet::U32, {}, true, "using u32 = unsigned;\n"},
    {Snippet::I64, {}, true, "using i64 = long long;\n"},
    {Snippet::U64, {}, true, "using u64 = unsigned long long;\n"},
    {Snippet::F16, {Snippet::U16}, true, "struct f16 { u16 bits; };\n"},
    {Snippet::BF16, {Snippet::U16}, true, "struct bf16 { u16 bits; };\n"},
    {Snippet::F8E4M3FN, {Snippet::U8}, true, "struct f8e4m3fn { u8 bits; };\n"},
    {Snippet::F8E5M2, {Snippet::U8}, true, "struct f8e5m2 { u8 bits; };\n"},
    {Snippet::F8E4M3FNUZ, {Snippet::U8}, true, "struct f8e4m3fnuz { u8 bits; };\n"},
    {Snippet::F8E5M2FNUZ, {Snippet::U8}, true, "struct f8e5m2fnuz { u8 bits; };\n"},
    {Snippet::F8E8M0FNU, {Snippet::U8}, true, "struct f8e8m0fnu { u8 bits; };\n"},
    {Snippet::C32, {Snippet::F16}, true, "struct alignas(4) c32 { f16 re, im; };\n"},
    {Snippet::C64, {}, true, "struct alignas(8) c64 { float re, im; };\n"},
    {Snippet::C128, {}, true, "struct alignas(16) c128 { double re, im; };\n"},
    {Snippet::Vec, {}, true, R"(
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
)"},
    {Snippet::Load, {Snippet::Vec}, true, R"(
// A vector, in accesses of one Word.
template <class V, class Word, class T> __device__ __forceinline__ V load(const T* from) {
  union { V vec; Word words[V::size / sizeof(Word)]; } result = {};
  #pragma unroll
  for (int i = 0; i < V::size / (int)sizeof(Word); ++i) result.words[i] = reinterpret_cast<const Word*>(from)[i];
  return result.vec;
}
)"},
    {Snippet::StoreWord, {}, false, R"(
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
)"},
    {Snippet::Store, {Snippet::StoreWord, Snippet::Vec}, true, R"(
template <class Word, class V, class T> __device__ __forceinline__ void store(T* to, const V& value) {
  union { V vec; Word words[V::size / sizeof(Word)]; } from = {value};
  #pragma unroll
  for (int i = 0; i < V::size / (int)sizeof(Word); ++i) store_word(reinterpret_cast<Word*>(to) + i, from.words[i]);
}
)"},
    {Snippet::FromF16, {Snippet::F16}, false, R"(
__device__ __forceinline__ float to_f32(f16 x) {
  float result;
  asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(x.bits));
  return result;
}
)"},
    {Snippet::ToF16, {Snippet::F16}, false, R"(
__device__ __forceinline__ f16 to_f16(float x) {
  f16 result;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(x));
  return result;
}
)"},
    {Snippet::PackF16,
     {Snippet::ToF16, Snippet::Vec},
     false,
     R"(
// Converts two at a time.
template <int N> __device__ __forceinline__ Vec<f16, N> pack_f16(const float (&from)[N]) {
  Vec<f16, N> result;
  #pragma unroll
  for (int i = 0; i < N / 2; ++i)
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result.words[i]) : "f"(from[2 * i + 1]), "f"(from[2 * i]));
  return result;
}
)",
     R"(
template <int N> __device__ __forceinline__ Vec<f16, N> pack_f16(const float (&from)[N]) {
  Vec<f16, N> result = {};
  #pragma unroll
  for (int i = 0; i < N; ++i) result.put(i, to_f16(from[i]));
  return result;
}
)"},
    {Snippet::FromBF16, {Snippet::BF16, Snippet::U32}, true, R"(
__device__ __forceinline__ float to_f32(bf16 x) { return __uint_as_float((u32)x.bits << 16); }
)"},
    {Snippet::ToBF16,
     {Snippet::BF16, Snippet::U32},
     false,
     R"(
__device__ __forceinline__ bf16 to_bf16(float x) {
  bf16 result;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(x));
  return result;
}
)",
     R"(
// Rounds to nearest even in integers; a NaN keeps a set quiet bit.
__device__ __forceinline__ bf16 to_bf16(float x) {
  const u32 bits = __float_as_uint(x);
  const u32 rounded = bits + 0x7fff + ((bits >> 16) & 1);
  return bf16{(u16)((x == x ? rounded : bits | 0x400000) >> 16)};
}
)"},
    {Snippet::PackBF16,
     {Snippet::ToBF16, Snippet::Vec},
     false,
     R"(
// Converts two at a time.
template <int N> __device__ __forceinline__ Vec<bf16, N> pack_bf16(const float (&from)[N]) {
  Vec<bf16, N> result;
  #pragma unroll
  for (int i = 0; i < N / 2; ++i)
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result.words[i]) : "f"(from[2 * i + 1]), "f"(from[2 * i]));
  return result;
}
)",
     R"(
template <int N> __device__ __forceinline__ Vec<bf16, N> pack_bf16(const float (&from)[N]) {
  Vec<bf16, N> result = {};
  #pragma unroll
  for (int i = 0; i < N; ++i) result.put(i, to_bf16(from[i]));
  return result;
}
)"},
    {Snippet::Widen8, {Snippet::U32}, true, R"(
// The magnitude of a float of eight bits: scaled by the difference of the biases, which makes denormals normal.
__device__ __forceinline__ float widen8(u32 magnitude, int fraction, float scale) {
  return __uint_as_float(magnitude << (23 - fraction)) * scale;
}
)"},
    {Snippet::Round8, {Snippet::U32}, true, R"(
// The magnitude of x, which is no NaN, in eight bits; rounds to nearest even. More than `largest` becomes `beyond`.
__device__ __forceinline__ u32 round8(float x, int fraction, int bias, u32 largest, u32 beyond) {
  const u32 magnitude = __float_as_uint(x) & 0x7fffffff;
  const int dropped = 23 - fraction;
  const u32 anchor = (u32)(128 + dropped - bias) << 23;
  const u32 normal = ((magnitude + ((magnitude >> dropped) & 1) + (1u << (dropped - 1)) - 1) >> dropped)
                     - ((u32)(127 - bias) << fraction);
  // A sum with the spacing of the denormals rounds to them.
  const u32 denormal = __float_as_uint(__uint_as_float(magnitude) + __uint_as_float(anchor)) - anchor;
  const u32 rounded = magnitude < (u32)(128 - bias) << 23 ? denormal : normal;
  return rounded > largest ? beyond : rounded;
}
)"},
    {Snippet::FromF8E4M3FN, {Snippet::F8E4M3FN, Snippet::Widen8}, true, R"(
__device__ __forceinline__ float to_f32(f8e4m3fn x) {
  const u32 magnitude = x.bits & 0x7f;
  const float value = magnitude == 0x7f ? __uint_as_float(0x7fc00000) : widen8(magnitude, 3, 0x1p120f);
  return __uint_as_float(__float_as_uint(value) | (u32)(x.bits & 0x80) << 24);
}
)"},
    {Snippet::ToF8E4M3FN,
     {Snippet::F8E4M3FN, Snippet::U16},
     false,
     R"(
// NaN from behind the middle between 448 and 480 on.
__device__ __forceinline__ f8e4m3fn to_f8e4m3fn(float x) {
  u16 pair;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(pair) : "f"(0.0f), "f"(fabsf(x)));
  return f8e4m3fn{(u8)((fabsf(x) > 464.0f ? 0x7f : pair) | (__float_as_uint(x) >> 24 & 0x80))};
}
)",
     R"(
__device__ __forceinline__ f8e4m3fn to_f8e4m3fn(float x) {
  const u32 magnitude = x != x ? 0x7f : round8(x, 3, 7, 0x7e, 0x7f);
  return f8e4m3fn{(u8)(magnitude | (__float_as_uint(x) >> 24 & 0x80))};
}
)",
     89,
     {Snippet::Round8}},
    {Snippet::FromF8E5M2, {Snippet::F8E5M2, Snippet::Widen8}, true, R"(
__device__ __forceinline__ float to_f32(f8e5m2 x) {
  const u32 magnitude = x.bits & 0x7f;
  const float value = magnitude >= 0x7c ? __uint_as_float(0x7f800000 | magnitude << 21) : widen8(magnitude, 2, 0x1p112f);
  return __uint_as_float(__float_as_uint(value) | (u32)(x.bits & 0x80) << 24);
}
)"},
    {Snippet::ToF8E5M2,
     {Snippet::F8E5M2, Snippet::U16},
     false,
     R"(
// Infinite from the middle between 57344 and 65536 on.
__device__ __forceinline__ f8e5m2 to_f8e5m2(float x) {
  u16 pair;
  asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;" : "=h"(pair) : "f"(0.0f), "f"(fabsf(x)));
  return f8e5m2{(u8)((fabsf(x) >= 61440.0f ? 0x7c : pair) | (__float_as_uint(x) >> 24 & 0x80))};
}
)",
     R"(
__device__ __forceinline__ f8e5m2 to_f8e5m2(float x) {
  const u32 magnitude = x != x ? 0x7f : round8(x, 2, 15, 0x7b, 0x7c);
  return f8e5m2{(u8)(magnitude | (__float_as_uint(x) >> 24 & 0x80))};
}
)",
     89,
     {Snippet::Round8}},
    {Snippet::FromF8E4M3FNUZ, {Snippet::F8E4M3FNUZ, Snippet::Widen8}, true, R"(
__device__ __forceinline__ float to_f32(f8e4m3fnuz x) {
  const float magnitude = widen8(x.bits & 0x7f, 3, 0x1p119f);
  return x.bits == 0x80 ? __uint_as_float(0x7fc00000) : x.bits & 0x80 ? -magnitude : magnitude;
}
)"},
    {Snippet::ToF8E4M3FNUZ, {Snippet::F8E4M3FNUZ, Snippet::Round8}, true, R"(
__device__ __forceinline__ f8e4m3fnuz to_f8e4m3fnuz(float x) {
  const u32 magnitude = x != x ? 0x80 : round8(x, 3, 8, 0x7f, 0x80);
  return f8e4m3fnuz{(u8)(magnitude == 0 ? 0 : magnitude | (__float_as_uint(x) >> 24 & 0x80))};
}
)"},
    {Snippet::FromF8E5M2FNUZ, {Snippet::F8E5M2FNUZ, Snippet::Widen8}, true, R"(
__device__ __forceinline__ float to_f32(f8e5m2fnuz x) {
  const float magnitude = widen8(x.bits & 0x7f, 2, 0x1p111f);
  return x.bits == 0x80 ? __uint_as_float(0x7fc00000) : x.bits & 0x80 ? -magnitude : magnitude;
}
)"},
    {Snippet::ToF8E5M2FNUZ, {Snippet::F8E5M2FNUZ, Snippet::Round8}, true, R"(
__device__ __forceinline__ f8e5m2fnuz to_f8e5m2fnuz(float x) {
  const u32 magnitude = x != x ? 0x80 : round8(x, 2, 16, 0x7f, 0x80);
  return f8e5m2fnuz{(u8)(magnitude == 0 ? 0 : magnitude | (__float_as_uint(x) >> 24 & 0x80))};
}
)"},
    {Snippet::FromF8E8M0FNU, {Snippet::F8E8M0FNU, Snippet::U32}, true, R"(
__device__ __forceinline__ float to_f32(f8e8m0fnu x) {
  return __uint_as_float(x.bits == 0 ? 0x00400000 : x.bits == 0xff ? 0x7fc00000 : (u32)x.bits << 23);
}
)"},
    {Snippet::ToF8E8M0FNU, {Snippet::F8E8M0FNU, Snippet::U32}, true, R"(
// The exponent, one more from the middle of two powers on; below the smallest normal float, from behind it on.
__device__ __forceinline__ f8e8m0fnu to_f8e8m0fnu(float x) {
  const u32 magnitude = __float_as_uint(x) & 0x7fffffff;
  const u32 exponent = (magnitude + (magnitude < 0x00800000 ? 0x003fffff : 0x00400000)) >> 23;
  return f8e8m0fnu{(u8)(magnitude >= 0x7f800000 ? 0xff : exponent)};
}
)"},
    {Snippet::MinMaxF32,
     {},
     false,
     R"(
// NaN if either is NaN.
__device__ __forceinline__ float minimum(float a, float b) {
  float result;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
  return result;
}
__device__ __forceinline__ float maximum(float a, float b) {
  float result;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
  return result;
}
)",
     R"(
// NaN if either is NaN.
__device__ __forceinline__ float minimum(float a, float b) { return a != a || a <= b ? a : b; }
__device__ __forceinline__ float maximum(float a, float b) { return a != a || a >= b ? a : b; }
)"},
    {Snippet::MinMaxF64, {}, true, R"(
// NaN if either is NaN.
__device__ __forceinline__ double minimum(double a, double b) { return a != a || a < b ? a : b; }
__device__ __forceinline__ double maximum(double a, double b) { return a != a || a > b ? a : b; }
)"},
    {Snippet::Magnitude, {}, true, R"(
// The absolute value of a signed integer, in an unsigned type; the lowest one is itself.
template <class U> __device__ __forceinline__ U magnitude(U x) { return x >> (8 * sizeof(U) - 1) ? (U)(0 - x) : x; }
)"},
    {Snippet::Power, {}, true, R"(
// x^n by squaring, wrapping.
template <class U> __device__ __forceinline__ U power(U x, U n) {
  U result = 1;
  for (; n != 0; n >>= 1, x *= x)
    if (n & 1) result *= x;
  return result;
}
)"},
    {Snippet::Ex4, {}, false, ex4_text},
    {Snippet::Lg2, {}, false, lg2_text},
    {Snippet::Rcp, {}, false, rcp_text},
    {Snippet::Sqrt, {}, false, sqrt_text},
    {Snippet::Div, {}, false, div_text},
    {Snippet::RcpF64, {}, false, rcp_f64_text},
    {Snippet::PowF32, {Snippet::RcpF64, Snippet::U32}, true, pow_f32_text},
    {Snippet::Divisor, {}, true, R"(
// n / divisor == (__umulhi(n, multiplier) + n) >> shift for every n < 2^31
struct Divisor { unsigned divisor, multiplier, shift; };

__device__ __forceinline__ unsigned divide(unsigned n, const Divisor& by, unsigned& remainder) {
  const unsigned quotient = (__umulhi(n, by.multiplier) + n) >> by.shift;
  remainder = n - quotient * by.divisor;
  return quotient;
}
)"},
    {Snippet::Run, {Snippet::Vec}, true, run_text},
    {Snippet::StoreRun, {Snippet::Store}, true, store_run_text},
    {Snippet::Tile, {Snippet::Load, Snippet::Run, Snippet::Store, Snippet::Divisor}, true, tile_text},
};
static_assert(std::size(snippet_table) == SnippetCount);

const SnippetRow& row(Snippet snippet) { return snippet_table[static_cast<std::size_t>(snippet)]; }

}  // namespace

void Prelude::use(Snippet snippet) {
  used_.set(static_cast<std::size_t>(snippet));
  for (Snippet needed : row(snippet).needs) use(needed);
}

// CUDA C++ Programming Guide, "Arithmetic Instructions": results per clock cycle and multiprocessor.
bool Prelude::has_fast_doubles() const {
  static constexpr int fast[] = {60, 70, 80, 90, 100};
  return std::ranges::find(fast, target_.arch) != std::end(fast);
}

std::string Prelude::text() const {
  Prelude all = *this;
  for (const SnippetRow& row : snippet_table)
    if (uses(row.snippet) && target_.arch < row.since)
      for (Snippet needed : row.needs_before) all.use(needed);
  std::string text;
  for (const SnippetRow& row : snippet_table)
    if (all.uses(row.snippet)) text += snippet_text(row.snippet, target_);
  return text;
}

std::string_view snippet_text(Snippet snippet, CudaTarget target) {
  const SnippetRow& found = row(snippet);
  return target.arch < found.since && !found.text_before.empty() ? found.text_before : found.text;
}

bool is_portable(Snippet snippet) { return row(snippet).portable; }

namespace {

struct StorageType {
  std::string_view name;
  int snippet;  // -1: built in
};
constexpr int number(Snippet snippet) { return static_cast<int>(snippet); }

// Indexed by DType.
constexpr std::array<StorageType, DTypeCount> storage_table = {{
    {"u8", number(Snippet::U8)},
    {"u8", number(Snippet::U8)},
    {"i8", number(Snippet::I8)},
    {"i16", number(Snippet::I16)},
    {"i32", number(Snippet::I32)},
    {"i64", number(Snippet::I64)},
    {"u16", number(Snippet::U16)},
    {"u32", number(Snippet::U32)},
    {"u64", number(Snippet::U64)},
    {"f16", number(Snippet::F16)},
    {"bf16", number(Snippet::BF16)},
    {"float", -1},
    {"double", -1},
    {"c32", number(Snippet::C32)},
    {"c64", number(Snippet::C64)},
    {"c128", number(Snippet::C128)},
    {"f8e4m3fn", number(Snippet::F8E4M3FN)},
    {"f8e5m2", number(Snippet::F8E5M2)},
    {"f8e4m3fnuz", number(Snippet::F8E4M3FNUZ)},
    {"f8e5m2fnuz", number(Snippet::F8E5M2FNUZ)},
    {"f8e8m0fnu", number(Snippet::F8E8M0FNU)},
}};

struct NarrowFloat {
  DType dtype;
  Snippet widening;
  Snippet rounding;
  std::string_view function;
};
constexpr NarrowFloat narrow_floats[] = {
    {DType::F16, Snippet::FromF16, Snippet::ToF16, "to_f16"},
    {DType::BF16, Snippet::FromBF16, Snippet::ToBF16, "to_bf16"},
    {DType::F8E4M3FN, Snippet::FromF8E4M3FN, Snippet::ToF8E4M3FN, "to_f8e4m3fn"},
    {DType::F8E5M2, Snippet::FromF8E5M2, Snippet::ToF8E5M2, "to_f8e5m2"},
    {DType::F8E4M3FNUZ, Snippet::FromF8E4M3FNUZ, Snippet::ToF8E4M3FNUZ, "to_f8e4m3fnuz"},
    {DType::F8E5M2FNUZ, Snippet::FromF8E5M2FNUZ, Snippet::ToF8E5M2FNUZ, "to_f8e5m2fnuz"},
    {DType::F8E8M0FNU, Snippet::FromF8E8M0FNU, Snippet::ToF8E8M0FNU, "to_f8e8m0fnu"},
};
const NarrowFloat& narrow_float(DType dtype) { return *std::ranges::find(narrow_floats, dtype, &NarrowFloat::dtype); }

}  // namespace

std::string_view storage_type(DType dtype) { return storage_table[static_cast<std::size_t>(dtype)].name; }

void use_storage_type(Prelude& prelude, DType dtype) {
  const int snippet = storage_table[static_cast<std::size_t>(dtype)].snippet;
  if (snippet >= 0) prelude.use(static_cast<Snippet>(snippet));
}

void use_widening(Prelude& prelude, DType dtype) { prelude.use(narrow_float(dtype).widening); }
std::string_view rounding_function(DType dtype) { return narrow_float(dtype).function; }
void use_rounding(Prelude& prelude, DType dtype) { prelude.use(narrow_float(dtype).rounding); }

}  // namespace gems::cuda
