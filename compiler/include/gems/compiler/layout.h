// What a kernel may depend on beside the op and its dtypes: how each operand moves along the collapsed iteration space,
// never how large it is. Chosen by the runtime, read by the compiler; sizes and strides are kernel parameters.
//
// The classes are few on purpose, so that all layouts of a call share eight CUDA kernels: strides that happen to be 0
// or 1 are parameters like any other, and one unaligned tensor makes a call unaligned.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace gems {

// Dimensions are numbered innermost first, after the runtime has ordered and collapsed them.
inline constexpr int MaxRank = 8;

// How a tensor's address moves along the iteration space.
enum class Step : std::uint8_t {
  Contiguous,  // by one element along dimension 0, by any number along the others
  Broadcast,   // not at all (CPU: not along dimension 0)
  Strided,     // by any number of elements, also 0 or 1
};

struct OperandLayout {
  Step step = Step::Contiguous;
  // Vectors of this many bytes begin at multiples of it; less than 16 (the element size) where that is not known.
  std::uint8_t align_bytes = 16;
  auto operator<=>(const OperandLayout&) const = default;
};

struct Layout {
  // 1, 4 or 8, where unused outer dimensions have size 1; 2 when each operand is broadcast along one of two dimensions,
  // as in an outer product: little is read beside the results.
  std::uint8_t rank = 1;
  bool wide_index = false;              // an offset within one operand, or the element count, does not fit 31 bits
  bool crossed = false;                 // some operand is contiguous along dimension 1; which one is a parameter
  std::vector<OperandLayout> operands;  // one for each Tensor-form operand of the trace, in order
  std::vector<OperandLayout> results;
  auto operator<=>(const Layout&) const = default;
};

// Canonical text, e.g. "rank=4 crossed x=strided@16 y=broadcast@16 out=contiguous@16".
std::string to_string(const Layout& layout);

}  // namespace gems
