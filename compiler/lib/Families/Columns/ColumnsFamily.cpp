// The columns family: schedule, parameters and launch of kernels whose neighbouring threads have neighbouring rows.
// ColumnsText.cpp prints them.
#include <fmt/format.h>

#include "Families/row_shape.h"

namespace gems {
namespace {

Schedule choose(const KernelFacts& facts, const tuning::Device&) {
  return ColumnsSchedule{.width = tuning::AcrossWidth,
                         .threads = tuning::AcrossThreads,
                         .chunk = chunk_of(facts, tuning::AcrossChunkElements),
                         .partial = partial_of(facts)};
}

Blocks blocks(const Schedule& schedule, LayoutClass, const Geometry& geometry) {
  const std::int64_t rows = size_from(geometry, geometry.reduced_rank);
  const auto& columns = std::get<ColumnsSchedule>(schedule);
  Blocks blocks{
      .count = ceil_div(rows, tuning::WarpThreads), .x = tuning::WarpThreads, .y = columns.threads, .rows = rows};
  share_rows(blocks, geometry, columns.chunk, columns.partial);
  blocks.fold = {.count = blocks.count, .x = blocks.x, .y = blocks.y};
  return blocks;
}

std::string launch_text(const Schedule& schedule) {
  const auto& columns = std::get<ColumnsSchedule>(schedule);
  return fmt::format("block ({0}, {1}), grid (ceil(rows / {0}){2})", tuning::WarpThreads, columns.threads,
                     shared_text(columns.chunk));
}

}  // namespace

constinit const KernelFamily columns_family{choose, no_problem, row_parameters, blocks, launch_text};

}  // namespace gems
