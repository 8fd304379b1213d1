// Layouts as text.
#include "gems/compiler/layout.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace gems {
namespace {

constexpr std::array<std::string_view, 3> step_names{"contiguous", "broadcast", "strided"};

// A layout does not know the operands' names: these are the ones an op has when it gives none.
constexpr std::array<std::string_view, 4> operand_names{"x", "y", "z", "w"};

std::string to_string(const OperandLayout& operand) {
  return fmt::format("{}@{}", step_names[static_cast<std::size_t>(operand.step)], operand.align_bytes);
}

}  // namespace

std::string to_string(const Layout& layout) {
  std::string text = fmt::format("rank={}", layout.rank);
  if (layout.wide_index) text += " wide";
  if (layout.crossed) text += " crossed";
  for (std::size_t i = 0; i < layout.operands.size(); ++i) {
    const std::string name = i < operand_names.size() ? std::string(operand_names[i]) : fmt::format("x{}", i);
    text += fmt::format(" {}={}", name, to_string(layout.operands[i]));
  }
  for (std::size_t i = 0; i < layout.results.size(); ++i) {
    const std::string name = layout.results.size() == 1 ? "out" : fmt::format("out{}", i);
    text += fmt::format(" {}={}", name, to_string(layout.results[i]));
  }
  return text;
}

}  // namespace gems
