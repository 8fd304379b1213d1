// The columns family: schedule, parameters and launch of kernels whose neighbouring threads have neighbouring rows.
// ColumnsText.cpp prints them.
#include <fmt/format.h>

#include "Families/row_shape.h"

namespace gems {
namespace {

Schedule choose(const KernelFacts&, const tuning::Device&) {
  return ColumnsSchedule{.width = tuning::AcrossWidth, .threads = tuning::AcrossThreads};
}

Blocks blocks(const Schedule& schedule, LayoutClass, const Geometry& geometry) {
  const std::int64_t rows = size_from(geometry, geometry.reduced_rank);
  return {.count = ceil_div(rows, tuning::WarpThreads),
          .x = tuning::WarpThreads,
          .y = std::get<ColumnsSchedule>(schedule).threads,
          .rows = rows};
}

std::string launch_text(const Schedule& schedule) {
  return fmt::format("block ({}, {}), grid ceil(rows / {})", tuning::WarpThreads,
                     std::get<ColumnsSchedule>(schedule).threads, tuning::WarpThreads);
}

}  // namespace

constinit const KernelFamily columns_family{choose, no_problem, row_parameters, blocks, launch_text};

}  // namespace gems
