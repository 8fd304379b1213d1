// Layouts as text.
#include "gems/compiler/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace gems {
namespace {

constexpr std::array<std::string_view, 3> step_names{"contiguous", "broadcast", "strided"};

// A layout does not know the operands' names: these are the ones an op has when it gives none.
constexpr std::array<std::string_view, 4> operand_names{"x", "y", "z", "w"};

std::string to_string(const OperandLayout& operand, int rank) {
  std::string steps;
  for (int d = 0; d < std::min(rank, 3); ++d)
    steps += fmt::format("{}{}", d == 0 ? "" : ",", step_names[static_cast<std::size_t>(operand.steps[d])]);
  return fmt::format("[{}]@{}", steps, operand.align_bytes);
}

}  // namespace

std::string to_string(const Layout& layout) {
  std::string text = fmt::format("rank={}", layout.rank);
  if (layout.wide_index) text += " wide";
  if (layout.aliased) text += " aliased";
  for (std::size_t i = 0; i < layout.operands.size(); ++i) {
    const std::string name = i < operand_names.size() ? std::string(operand_names[i]) : fmt::format("x{}", i);
    text += fmt::format(" {}={}", name, to_string(layout.operands[i], layout.rank));
  }
  for (std::size_t i = 0; i < layout.results.size(); ++i) {
    const std::string name = layout.results.size() == 1 ? "out" : fmt::format("out{}", i);
    text += fmt::format(" {}={}", name, to_string(layout.results[i], layout.rank));
  }
  return text;
}

}  // namespace gems
