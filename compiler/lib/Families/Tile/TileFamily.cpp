// The tile family: schedule, parameters and launch of kernels that turn operands in shared memory. TileText.cpp prints
// them.
#include <fmt/format.h>

#include <algorithm>

#include "Families/Families.h"

namespace gems {
namespace {

// A tile in shared memory for each operand that is read; the widest element decides its shape, and halves what is too
// much for all.
Schedule choose(const KernelFacts& facts, const tuning::Device& device) {
  using namespace tuning;
  int widest = 1;
  int narrowest_read = 16;
  int read_bytes = 0;  // of one element of each operand
  for (const Traffic& traffic : facts.traffic) {
    if (traffic.is_single) continue;
    widest = std::max(widest, traffic.size_bytes);
    if (traffic.is_result) continue;
    narrowest_read = std::min(narrowest_read, traffic.size_bytes);
    read_bytes += traffic.size_bytes;
  }
  const bool is_aligned = facts.is_aligned();
  const TileShape& shape = *std::ranges::find(tile_shapes, widest, &TileShape::size_bytes);
  TileSchedule schedule{.width = is_aligned ? shape.width : 1,
                        .threads = BlockThreads,
                        .threads_x = is_aligned ? shape.threads_x : UnalignedTileThreadsX,
                        .rows_packed = std::max(1, BankBytes / narrowest_read),
                        .whole_path = is_aligned ? 1 : 0};
  schedule.unroll = std::max(1, (is_aligned ? shape.vectors : AccessBytes / widest) / schedule.rows_packed);
  // Functions of wider types need more registers than that leaves.
  if (widest <= 4 || facts.functions == 0) schedule.min_blocks_per_sm = device.tile_blocks;
  const int limit = widest <= 2 ? device.narrow_tile_bytes : device.tile_bytes;
  const auto is_too_large = [&] { return schedule.columns() * schedule.rows() * read_bytes > limit; };
  while (is_too_large() && schedule.unroll > 1) schedule.unroll /= 2;
  while (is_too_large() && schedule.width > 1) schedule.width /= 2;
  schedule.edge_vectors = schedule.vectors_per_thread();
  if (is_aligned)
    schedule.edge_vectors = std::min(schedule.vectors_per_thread(), std::max(EdgeVectors, schedule.rows_packed));
  return schedule;
}

std::string problem(const Schedule& schedule) {
  const auto& tile = std::get<TileSchedule>(schedule);
  if (tile.min_blocks_per_sm * tile.threads > 2048)
    return fmt::format("at most 2048 threads are on a multiprocessor at once; given {} blocks of {}",
                       tile.min_blocks_per_sm, tile.threads);
  if (tile.edge_vectors % tile.rows_packed != 0 || tile.vectors_per_thread() % tile.edge_vectors != 0)
    return fmt::format("edge_vectors divides the {} vectors of a thread, and rows_packed divides it; given {}",
                       tile.vectors_per_thread(), tile.edge_vectors);
  return {};
}

std::vector<GeometryField> parameters(const Schedule&, const Layout& layout, TensorCounts tensors) {
  using Kind = GeometryField::Kind;
  std::vector<GeometryField> fields{{Kind::Tiles, FieldType::Divisor},
                                    {Kind::RowTiles, FieldType::Divisor},
                                    {Kind::Size, FieldType::Divisor, 2},
                                    {Kind::Rows, FieldType::Narrow},
                                    {Kind::Columns, FieldType::Wide}};
  // 64-bit offsets cost what 32-bit ones do: they are few for each vector.
  add_strides(fields, FieldType::Wide, layout, tensors);
  return fields;
}

Blocks blocks(const Schedule& schedule, LayoutClass, const Geometry& geometry) {
  const auto& tile = std::get<TileSchedule>(schedule);
  const std::int64_t tiles = ceil_div(geometry.sizes[0], tile.columns());
  const std::int64_t row_tiles = ceil_div(geometry.sizes[1], tile.rows());
  return {.count = tiles * row_tiles * size_from(geometry, 2),
          .x = tile.threads,
          .tiles = tiles,
          .row_tiles = row_tiles,
          .rows = geometry.sizes[1]};
}

std::string launch_text(const Schedule& schedule) {
  const auto& tile = std::get<TileSchedule>(schedule);
  return fmt::format("block {}, grid ceil(columns / {}) * ceil(rows / {}) * (sizes of the other dimensions)",
                     tile.threads, tile.columns(), tile.rows());
}

}  // namespace

constinit const KernelFamily tile_family{choose, problem, parameters, blocks, launch_text};

}  // namespace gems
