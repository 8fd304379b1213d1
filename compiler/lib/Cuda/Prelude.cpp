// The pieces of code that emitted kernels may need before them.
#include "Cuda/Prelude.h"

#include <array>
#include <initializer_list>

namespace gems::cuda {
namespace {

struct SnippetRow {
  Snippet snippet;
  std::initializer_list<Snippet> needs;
  bool portable;
  std::string_view text;
  std::string_view text_before_sm_80 = {};  // where the instructions of `text` do not exist yet
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
    {Snippet::C32, {Snippet::F16}, true, "struct alignas(4) c32 { f16 re, im; };\n"},
    {Snippet::C64, {}, true, "struct alignas(8) c64 { float re, im; };\n"},
    {Snippet::C128, {}, true, "struct alignas(16) c128 { double re, im; };\n"},
    {Snippet::Vec, {}, true, R"(
// N elements that one thread moves together.
template <class T, int N> struct Vec { T at[N]; };
)"},
    {Snippet::Load, {Snippet::Vec}, true, R"(
// A vector, in accesses of one Word.
template <class V, class Word, class T> __device__ __forceinline__ V load(const T* from) {
  union { V vec; Word words[sizeof(V) / sizeof(Word)]; } result;
  #pragma unroll
  for (int i = 0; i < int(sizeof(V) / sizeof(Word)); ++i) result.words[i] = reinterpret_cast<const Word*>(from)[i];
  return result.vec;
}
)"},
    {Snippet::Store, {Snippet::Vec}, true, R"(
template <class Word, class V, class T> __device__ __forceinline__ void store(T* to, const V& value) {
  union { V vec; Word words[sizeof(V) / sizeof(Word)]; } from = {value};
  #pragma unroll
  for (int i = 0; i < int(sizeof(V) / sizeof(Word)); ++i) reinterpret_cast<Word*>(to)[i] = from.words[i];
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
     {Snippet::F16, Snippet::U32, Snippet::Vec},
     false,
     R"(
// Converts two at a time.
template <int N> __device__ __forceinline__ Vec<f16, N> pack_f16(const float (&from)[N]) {
  union { u32 words[N / 2]; Vec<f16, N> vec; } result;
  #pragma unroll
  for (int i = 0; i < N / 2; ++i)
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(result.words[i]) : "f"(from[2 * i + 1]), "f"(from[2 * i]));
  return result.vec;
}
)",
     R"(
template <int N> __device__ __forceinline__ Vec<f16, N> pack_f16(const float (&from)[N]) {
  Vec<f16, N> result;
  #pragma unroll
  for (int i = 0; i < N; ++i) asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.at[i].bits) : "f"(from[i]));
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
  union { u32 words[N / 2]; Vec<bf16, N> vec; } result;
  #pragma unroll
  for (int i = 0; i < N / 2; ++i)
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result.words[i]) : "f"(from[2 * i + 1]), "f"(from[2 * i]));
  return result.vec;
}
)",
     R"(
template <int N> __device__ __forceinline__ Vec<bf16, N> pack_bf16(const float (&from)[N]) {
  Vec<bf16, N> result;
  #pragma unroll
  for (int i = 0; i < N; ++i) result.at[i] = to_bf16(from[i]);
  return result;
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
__device__ __forceinline__ float minimum(float a, float b) { return a != a || a < b ? a : b; }
__device__ __forceinline__ float maximum(float a, float b) { return a != a || a > b ? a : b; }
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
    {Snippet::Divisor, {}, true, R"(
// n / divisor == (__umulhi(n, multiplier) + n) >> shift for every n < 2^31
struct Divisor { unsigned divisor, multiplier, shift; };

__device__ __forceinline__ unsigned divide(unsigned n, const Divisor& by, unsigned& remainder) {
  const unsigned quotient = (__umulhi(n, by.multiplier) + n) >> by.shift;
  remainder = n - quotient * by.divisor;
  return quotient;
}
)"},
};
static_assert(std::size(snippet_table) == SnippetCount);

const SnippetRow& row(Snippet snippet) { return snippet_table[static_cast<std::size_t>(snippet)]; }

}  // namespace

void Prelude::use(Snippet snippet) {
  used_.set(static_cast<std::size_t>(snippet));
  for (Snippet needed : row(snippet).needs) use(needed);
}

std::string Prelude::text(CudaTarget target) const {
  std::string text;
  for (const SnippetRow& row : snippet_table)
    if (uses(row.snippet)) text += snippet_text(row.snippet, target);
  return text;
}

std::string_view snippet_text(Snippet snippet, CudaTarget target) {
  const SnippetRow& found = row(snippet);
  return target.arch < 80 && !found.text_before_sm_80.empty() ? found.text_before_sm_80 : found.text;
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
}};

}  // namespace

std::string_view storage_type(DType dtype) { return storage_table[static_cast<std::size_t>(dtype)].name; }

void use_storage_type(Prelude& prelude, DType dtype) {
  const int snippet = storage_table[static_cast<std::size_t>(dtype)].snippet;
  if (snippet >= 0) prelude.use(static_cast<Snippet>(snippet));
}

}  // namespace gems::cuda
