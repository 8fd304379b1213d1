// From the sizes and strides of one call to grid, block and the kernel's last parameter.
#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <limits>

#include "gems/compiler/cuda.h"
#include "gems/dsl/error.h"
#include "kernel_parameters.h"

namespace gems {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// n / d == (__umulhi(n, multiplier) + n) >> shift for every n < 2^31. The emitted text declares the same struct.
struct Divisor {
  std::uint32_t divisor;
  std::uint32_t multiplier;
  std::uint32_t shift;
};
Divisor divisor_of(std::int64_t d) {
  const auto shift = static_cast<std::uint32_t>(std::bit_width(static_cast<std::uint64_t>(d - 1)));
  const std::uint64_t power = std::uint64_t{1} << shift;
  const std::uint64_t multiplier =
      ((std::uint64_t{1} << 32) * (power - static_cast<std::uint64_t>(d))) / static_cast<std::uint64_t>(d) + 1;
  return {static_cast<std::uint32_t>(d), static_cast<std::uint32_t>(multiplier), shift};
}

// Appends values as a C struct would hold them.
class Packer {
 public:
  explicit Packer(LaunchGeometry& launch) : launch_(launch) {}

  template <class T>
  void add(const T& value) {
    alignment_ = std::max(alignment_, alignof(T));
    size_ = (size_ + alignof(T) - 1) / alignof(T) * alignof(T);
    std::memcpy(launch_.parameter.data() + size_, &value, sizeof(T));
    size_ += sizeof(T);
    launch_.parameter_bytes = (size_ + alignment_ - 1) / alignment_ * alignment_;
  }
  void add(FieldType type, std::int64_t value) {
    switch (type) {
      case FieldType::Divisor:
        return add(divisor_of(value));
      case FieldType::Narrow:
        return add(static_cast<std::int32_t>(value));
      case FieldType::Wide:
        return add(value);
    }
  }

 private:
  LaunchGeometry& launch_;
  std::size_t size_ = 0;
  std::size_t alignment_ = 1;
};

struct Block {
  std::int64_t x;
  std::int64_t y;
};

// How many of a block's threads lie along a row that needs `needed`: as many as leave few idle at the row's end. Rows
// that share cache lines are in one block.
Block split_block(int threads, std::int64_t needed, std::int64_t shared_rows) {
  constexpr std::int64_t warp = 32;
  const auto rows = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(shared_rows)));
  if (rows > 1 && needed >= threads / rows) return {threads / rows, rows};
  std::int64_t best = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(std::min(needed, warp))));
  auto covered = [&](std::int64_t x) { return ceil_div(needed, x) * x; };
  // A wider block is worth up to one idle thread in four: those end at once, while short runs share cache lines.
  for (std::int64_t x = 2 * warp; x <= threads; x *= 2)
    if (covered(x) * 4 <= covered(warp) * 5 && x / 2 < needed) best = x;
  return {best, threads / best};
}

// Rows along dimension 1 that share an operand's cache lines, because it is contiguous along that dimension.
std::int64_t rows_of_shared_lines(const Geometry& geometry) {
  constexpr std::int64_t most = 8;
  for (std::size_t t = 0; t < geometry.tensors.operands; ++t)
    if (geometry.strides[t][1] == 1 && geometry.strides[t][0] > 1) return std::min(most, geometry.sizes[1]);
  return 1;
}

unsigned checked_grid(std::int64_t blocks) {
  if (blocks <= std::numeric_limits<std::int32_t>::max()) return static_cast<unsigned>(blocks);
  throw Error(fmt::format("a launch of {} blocks is more than a CUDA grid holds (2^31 - 1): split the tensor", blocks));
}

std::int64_t product(const Geometry& geometry, int first_dim) {
  std::int64_t size = 1;
  for (int d = first_dim; d < geometry.rank; ++d) size *= geometry.sizes[static_cast<std::size_t>(d)];
  return size;
}

}  // namespace

LaunchGeometry launch_geometry(const Schedule& schedule, const Layout& layout, const Geometry& geometry) {
  LaunchGeometry launch;
  Packer packer(launch);
  launch.block_x = static_cast<unsigned>(schedule.threads);
  const std::int64_t per_thread = std::int64_t{schedule.width} * schedule.unroll;
  const std::int64_t count = product(geometry, 0);

  if (schedule.family == Family::Flat) {
    launch.grid_x = checked_grid(ceil_div(count, schedule.threads * per_thread));
    packer.add(count);
    return launch;
  }

  std::int64_t tiles = 1;
  std::int64_t row_tiles = 1;
  std::int64_t rows = geometry.sizes[1];
  if (schedule.family == Family::Generic) {
    launch.grid_x = checked_grid(ceil_div(count, schedule.threads * per_thread));
  } else if (schedule.family == Family::Tile) {
    tiles = ceil_div(geometry.sizes[0], schedule.columns());
    row_tiles = ceil_div(rows, schedule.rows());
    launch.grid_x = checked_grid(tiles * row_tiles * product(geometry, 2));
  } else {
    // Rows of unaligned results begin up to one vector early.
    const int lead = traits(layout.cls).is_aligned ? 0 : schedule.width - 1;
    const std::int64_t vectors = ceil_div(geometry.sizes[0] + lead, schedule.width);
    const std::int64_t needed = ceil_div(vectors, schedule.unroll);
    const Block block = split_block(schedule.threads, needed, rows_of_shared_lines(geometry));
    tiles = ceil_div(needed, block.x);
    rows = product(geometry, 1);
    launch.block_x = static_cast<unsigned>(block.x);
    launch.block_y = static_cast<unsigned>(block.y);
    launch.grid_x = checked_grid(tiles * ceil_div(rows, block.y));
  }
  for (const ParameterField& field : parameter_fields(schedule, layout, geometry.tensors)) {
    using Kind = ParameterField::Kind;
    const auto dim = static_cast<std::size_t>(field.dim);
    std::int64_t value = 0;
    switch (field.kind) {
      case Kind::Tiles:
        value = tiles;
        break;
      case Kind::RowTiles:
        value = row_tiles;
        break;
      case Kind::Columns:
        value = geometry.sizes[0];
        break;
      case Kind::Rows:
        value = rows;
        break;
      case Kind::Count:
        value = count;
        break;
      case Kind::Size:
        value = geometry.sizes[dim];
        break;
      case Kind::Stride:
        value = geometry.strides[static_cast<std::size_t>(field.operand)][dim];
        break;
    }
    packer.add(field_type(field, schedule, layout), value);
  }
  return launch;
}

}  // namespace gems
