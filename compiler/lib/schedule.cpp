// Schedules: chosen by the family of the layout, and as text.
#include "gems/compiler/schedule.h"

#include <fmt/format.h>

#include <bit>

#include "Families/row_shape.h"

namespace gems {

Schedule choose_schedule(const TraceGraph& graph, const Layout& layout, CudaTarget target) {
  return kernel_family(traits(layout.cls).family).choose(facts_of(graph, layout), tuning::device_of(target));
}

bool has_fold(const Schedule& schedule) {
  return std::visit(
      [](const auto& kind) {
        bool folds = false;
        if constexpr (requires { kind.chunk; }) folds = kind.chunk > 0;
        if constexpr (requires { kind.sums; }) folds = folds || kind.sums > 0;
        return folds;
      },
      schedule);
}

std::size_t shared_bytes(const Schedule& schedule) {
  const auto* staged = std::get_if<StagedSchedule>(&schedule);
  return staged == nullptr ? 0 : static_cast<std::size_t>(staged_shared_bytes(*staged, staged->threads));
}

std::string to_string(const Schedule& schedule) {
  std::string text = fmt::format("family={}", name(family_of(schedule)));
  std::visit(
      [&](const auto& kind) {
        for (const auto& field : kind.fields) text += fmt::format(" {}={}", field.name, kind.*field.value);
      },
      schedule);
  return text;
}

std::string problem_of(const Schedule& schedule, LayoutClass layout) {
  const Family family = family_of(schedule);
  if (family != traits(layout).family)
    return fmt::format("it is that of a {} kernel, which the layout '{}' is not for", name(family), name(layout));
  const auto problem = [&](const auto& kind) -> std::string {
    for (const auto& field : kind.fields) {
      const int value = kind.*field.value;
      if (value >= field.least && value <= field.most &&
          (!field.is_power || std::has_single_bit(static_cast<unsigned>(value))))
        continue;
      return fmt::format("{} is {}{} to {}; given {}", field.name, field.is_power ? "a power of two from " : "",
                         field.least, field.most, value);
    }
    if constexpr (requires { kind.whole_path; })
      if (kind.whole_path && !traits(layout).is_aligned) return "whole_path needs aligned tensors";
    return kernel_family(family).problem(schedule);
  };
  return std::visit(problem, schedule);
}

}  // namespace gems
