// The staged family: schedule, parameters and launch of kernels whose rows come through shared memory. StagedText.cpp
// prints them.
#include <algorithm>

#include <fmt/format.h>

#include "Families/row_shape.h"

namespace gems {
namespace {

Schedule choose(const KernelFacts& facts, const tuning::Device& device) {
  const auto staged = staged_rows(facts, device);
  return staged ? *staged : StagedSchedule{.bytes = 0};  // which has no kernels
}

// As many small blocks as a row may have, so that a multiprocessor computes one row while another is exchanged; but one
// block for rows of wide elements that are not long.
struct Shape {
  std::int64_t threads, cluster;
};
Shape shape_of(const StagedSchedule& staged, std::int64_t columns) {
  // One more where a row begins within a vector of memory.
  const std::int64_t vectors = ceil_div(columns, staged.width) + 1;
  const auto fits = [&](std::int64_t threads, int slots) { return vectors <= threads * slots; };
  const bool is_single = staged.width <= tuning::StagedWide && fits(staged.threads, tuning::StagedSingle);
  std::int64_t threads = tuning::StagedLeastThreads;
  while (threads < staged.threads && !fits(threads * (is_single ? 1 : staged.cluster), staged.slots)) threads *= 2;
  std::int64_t cluster = 1;
  while (cluster < staged.cluster && !fits(threads * cluster, staged.slots)) cluster *= 2;
  return {threads, cluster};
}

Blocks blocks(const Schedule& schedule, LayoutClass, const Geometry& geometry) {
  const auto& staged = std::get<StagedSchedule>(schedule);
  const std::int64_t rows = size_from(geometry, geometry.reduced_rank);
  const Shape shape = shape_of(staged, columns_of(geometry));
  return {.count = rows * shape.cluster,
          .x = shape.threads,
          .rows = rows,
          .cluster = shape.cluster,
          .shared_bytes = staged_shared_bytes(staged, shape.threads)};
}

std::string launch_text(const Schedule& schedule) {
  const auto& staged = std::get<StagedSchedule>(schedule);
  const int most = staged.width <= tuning::StagedWide ? staged.threads * tuning::StagedSingle : 0;
  return fmt::format(
      "v = ceil(columns / {0}) + 1; block bx = clamp(bit_ceil(ceil(v / ({1} * (v <= {2} ? 1 : {3})))), {4}, {5}); "
      "cluster = bit_ceil(ceil(v / ({1} * bx))); bx / 32 * {6} bytes of shared memory; grid rows * cluster, or as many "
      "as run at once",
      staged.width, staged.slots, most, staged.cluster, tuning::StagedLeastThreads, staged.threads,
      staged_shared_bytes(staged, tuning::WarpThreads));
}

}  // namespace

constinit const KernelFamily staged_family{choose, no_problem, row_parameters, blocks, launch_text};

}  // namespace gems
