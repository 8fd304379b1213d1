// The rows family: schedule, parameters and launch of kernels whose results have dense rows. RowsText.cpp prints them.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "Families/Families.h"

namespace gems {
namespace {

Schedule choose(const KernelFacts& facts, const tuning::Device& device) {
  RowsSchedule schedule{
      .width = vector_width(facts), .threads = device.threads, .whole_path = facts.is_aligned() ? 1 : 0};
  if (facts.layout == LayoutClass::RowsOuter && facts.functions == 0) schedule.unroll = tuning::OuterUnroll;
  if (facts.max_cost >= (facts.is_aligned() ? tuning::VeryExpensiveCost : tuning::FunctionCost))
    schedule.threads = tuning::ExpensiveBodyThreads;
  return schedule;
}

std::vector<GeometryField> parameters(const Schedule&, const Layout& layout, TensorCounts tensors) {
  using Kind = GeometryField::Kind;
  std::vector<GeometryField> fields{{Kind::Tiles, FieldType::Divisor}};
  for (int dim = 1; dim + 1 < traits(layout.cls).rank; ++dim) fields.push_back({Kind::Size, FieldType::Divisor, dim});
  fields.insert(fields.end(), {{Kind::Rows, FieldType::Narrow}, {Kind::Columns, FieldType::Wide}});
  // 64-bit offsets cost what 32-bit ones do: they are few for each vector.
  add_strides(fields, FieldType::Wide, layout, tensors);
  return fields;
}

struct Shape {
  std::int64_t x, y;
};

// How many of a block's threads lie along a row that needs `needed`: as many as leave few idle at the row's end. Rows
// that share cache lines are in one block.
Shape block_shape(int threads, std::int64_t needed, std::int64_t shared_rows) {
  using namespace tuning;
  const auto rows = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(shared_rows)));
  if (rows > 1 && needed >= threads / rows) return {threads / rows, rows};
  auto best = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(std::min(needed, WarpThreads))));
  auto covered = [&](std::int64_t x) { return ceil_div(needed, x) * x; };
  for (std::int64_t x = 2 * WarpThreads; x <= threads; x *= 2)
    if (covered(x) * IdleThreadsDenominator <= covered(WarpThreads) * IdleThreadsNumerator && x / 2 < needed) best = x;
  return {best, threads / best};
}

// Rows along dimension 1 that share an operand's cache lines, because it is contiguous along that dimension.
std::int64_t rows_of_shared_lines(const Geometry& geometry) {
  for (std::size_t t = 0; t < geometry.tensors.operands; ++t)
    if (geometry.strides[t][1] == 1 && geometry.strides[t][0] > 1)
      return std::min(tuning::MostSharedRows, geometry.sizes[1]);
  return 1;
}

Blocks blocks(const Schedule& schedule, LayoutClass layout, const Geometry& geometry) {
  const auto& by_rows = std::get<RowsSchedule>(schedule);
  // Rows of unaligned results begin up to one vector early.
  const int lead = traits(layout).is_aligned ? 0 : by_rows.width - 1;
  const std::int64_t needed = ceil_div(ceil_div(geometry.sizes[0] + lead, by_rows.width), by_rows.unroll);
  const Shape shape = block_shape(by_rows.threads, needed, rows_of_shared_lines(geometry));
  const std::int64_t tiles = ceil_div(needed, shape.x), rows = size_from(geometry, 1);
  return {.count = tiles * ceil_div(rows, shape.y), .x = shape.x, .y = shape.y, .tiles = tiles, .rows = rows};
}

std::string launch_text(const Schedule& schedule) {
  const auto& by_rows = std::get<RowsSchedule>(schedule);
  return fmt::format(
      "block (bx, by) with bx * by <= {}, tiles = ceil(columns / (bx * {})), grid tiles * ceil(rows / by)",
      by_rows.threads, by_rows.width * by_rows.unroll);
}

}  // namespace

constinit const KernelFamily rows_family{choose, no_problem, parameters, blocks, launch_text};

}  // namespace gems
