// What a kernel may depend on beside the op and its dtypes: how each operand moves along the collapsed iteration space,
// never how large it is. Chosen by the runtime, read by the compiler; sizes and strides are kernel parameters.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace gems {

// Dimensions are numbered innermost first, after the runtime has ordered and collapsed them.
inline constexpr int MaxRank = 8;

// How an operand's address moves with one dimension.
enum class Step : std::uint8_t {
  Contiguous,  // by one element
  Broadcast,   // not at all
  Strided,     // by any number of elements
};

struct OperandLayout {
  // steps[d] for d < min(rank, 3); Contiguous is used for dimension 0 only. Ranks above 3: all Strided.
  std::array<Step, 3> steps{Step::Contiguous, Step::Strided, Step::Strided};
  // The base address and every stride of dimensions above 0 are multiples of this many bytes: 16, 4, or the element
  // size when that is less.
  std::uint8_t align_bytes = 16;
  auto operator<=>(const OperandLayout&) const = default;
};

struct Layout {
  // 1, 2 or 3; above that 4 or 8 (unused outer dimensions have size 1), which are always generic.
  std::uint8_t rank = 1;
  bool wide_index = false;              // an offset within one operand, or the element count, does not fit 31 bits
  bool aliased = false;                 // a result shares memory with an operand (exactly: same address, same strides)
  std::vector<OperandLayout> operands;  // one for each Tensor-form operand of the trace, in order
  std::vector<OperandLayout> results;
  auto operator<=>(const Layout&) const = default;
};

// Canonical text, e.g. "rank=2 x=[contiguous,strided]@16 y=[contiguous,broadcast]@16 out=[contiguous,strided]@16".
std::string to_string(const Layout& layout);

}  // namespace gems
