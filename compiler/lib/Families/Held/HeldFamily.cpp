// The held family: schedule, parameters and launch of kernels whose threads hold a row in registers. HeldText.cpp
// prints them.
#include <fmt/format.h>

#include "Families/row_shape.h"

namespace gems {
namespace {

Schedule choose(const KernelFacts& facts, const tuning::Device& device) {
  return HeldSchedule{.width = row_width(facts),
                      .vectors = facts.held,
                      .threads = held_rows(facts, device).threads,
                      .block = tuning::RowsBlockThreads,
                      .sums = facts.sum_bytes,
                      .processors = facts.sum_bytes > 0 ? device.processors : 0,
                      .ahead = loads_ahead(facts)};
}

Blocks blocks(const Schedule& schedule, LayoutClass, const Geometry& geometry) {
  const auto& held = std::get<HeldSchedule>(schedule);
  const std::int64_t vectors = ceil_div(columns_of(geometry), held.width);
  Blocks blocks = row_blocks(geometry, threads_of_row(vectors, held.vectors, held.threads), held.block);
  walk_rows(blocks, geometry, schedule, true);
  return blocks;
}

std::string launch_text(const Schedule& schedule) {
  const auto& held = std::get<HeldSchedule>(schedule);
  return row_blocks_text(fmt::format("ceil(columns / {})", held.width * held.vectors), held.block,
                         walking_text(schedule, "ceil(rows / by)"));
}

}  // namespace

constinit const KernelFamily held_family{choose, no_problem, row_parameters, blocks, launch_text};

}  // namespace gems
