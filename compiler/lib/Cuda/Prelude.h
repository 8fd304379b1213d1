// The pieces of code that emitted kernels may need before them: types, moves of vectors, conversions, division. A file
// carries only those it uses.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>

#include "gems/compiler/schedule.h"
#include "gems/dsl/dtype.h"

namespace gems::cuda {

// In the order in which they are printed; a snippet may use those before it.
enum class Snippet : std::uint8_t {
  I8,
  U8,
  I16,
  U16,
  I32,
  U32,
  I64,
  U64,
  F16,
  BF16,
  F8E4M3FN,
  F8E5M2,
  F8E4M3FNUZ,
  F8E5M2FNUZ,
  F8E8M0FNU,
  C32,
  C64,
  C128,
  Vec,
  Load,
  StoreWord,
  Store,
  FromF16,
  ToF16,
  PackF16,
  FromBF16,
  ToBF16,
  PackBF16,
  Widen8,
  Round8,
  FromF8E4M3FN,
  ToF8E4M3FN,
  FromF8E5M2,
  ToF8E5M2,
  FromF8E4M3FNUZ,
  ToF8E4M3FNUZ,
  FromF8E5M2FNUZ,
  ToF8E5M2FNUZ,
  FromF8E8M0FNU,
  ToF8E8M0FNU,
  MinMaxF32,
  MinMaxF64,
  Magnitude,
  Power,
  Ex4,
  Lg2,
  Rcp,
  Sqrt,
  Div,
  RcpF64,
  PowF32,
  Divisor,
  Run,
  StoreRun,
  Tile,
};
inline constexpr std::size_t SnippetCount = static_cast<std::size_t>(Snippet::Tile) + 1;

class Prelude {
 public:
  explicit Prelude(CudaTarget target) : target_(target) {}

  void use(Snippet snippet);
  bool uses(Snippet snippet) const { return used_.test(static_cast<std::size_t>(snippet)); }

  // Whether the target computes doubles at half the rate of floats; others do at a 32nd or 64th.
  bool has_fast_doubles() const;

  std::string text() const;

 private:
  CudaTarget target_;
  std::bitset<SnippetCount> used_;
};

// The text of one snippet. Snippets with inline PTX are for the device only: is_portable is false.
std::string_view snippet_text(Snippet snippet, CudaTarget target);
bool is_portable(Snippet snippet);

// Name of a dtype as an element in memory ("i32", "f16", "float"; "u8" for bool), and the snippet that declares it.
std::string_view storage_type(DType dtype);
void use_storage_type(Prelude& prelude, DType dtype);

// The functions between a float type of less than 32 bits and float: to_f32, and the one that rounds ("to_bf16").
void use_widening(Prelude& prelude, DType dtype);
std::string_view rounding_function(DType dtype);
void use_rounding(Prelude& prelude, DType dtype);

}  // namespace gems::cuda
