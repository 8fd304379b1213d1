// From the sizes and strides of one call to grid, block and the kernel's last parameter.
#include "gems/compiler/launch_geometry.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <limits>

#include "Families/Families.h"
#include "gems/dsl/error.h"

namespace gems {
namespace {

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
        return add(divisor_of(std::max<std::int64_t>(value, 1)));  // 0: there are no rows
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

unsigned checked_grid(std::int64_t blocks) {
  if (blocks <= std::numeric_limits<std::int32_t>::max()) return static_cast<unsigned>(blocks);
  throw Error(fmt::format("a launch of {} blocks is more than a CUDA grid holds (2^31 - 1): split the tensor", blocks));
}

}  // namespace

LaunchGeometry launch_geometry(const Schedule& schedule, const Layout& layout, const Geometry& geometry) {
  const KernelFamily& family = kernel_family(family_of(schedule));
  const Blocks blocks = family.blocks(schedule, layout.cls, geometry);
  LaunchGeometry launch;
  launch.grid_x = checked_grid(blocks.count);
  launch.block_x = static_cast<unsigned>(blocks.x);
  launch.block_y = static_cast<unsigned>(blocks.y);
  if (blocks.parts > 1) {
    constexpr std::int64_t most = 1 << 15;  // along y
    launch.grid_y = static_cast<unsigned>(std::min(blocks.parts, most));
    launch.grid_z = static_cast<unsigned>(ceil_div(blocks.parts, most));
    launch.scratch_bytes = static_cast<std::size_t>(blocks.parts * blocks.rows * blocks.partial_bytes);
    launch.fold = {.grid_x = checked_grid(blocks.fold.count),
                   .block_x = static_cast<unsigned>(blocks.fold.x),
                   .block_y = static_cast<unsigned>(blocks.fold.y)};
  }

  if (blocks.sum_bytes > 0) {
    // Rows of whole vectors.
    const std::int64_t pitch = ceil_div(columns_of(geometry), tuning::SumsPitch) * tuning::SumsPitch;
    launch.scratch_bytes = static_cast<std::size_t>(std::max<std::int64_t>(blocks.sums * pitch * blocks.sum_bytes, 16));
    launch.fold = {.grid_x = checked_grid(blocks.fold.count),
                   .block_x = static_cast<unsigned>(blocks.fold.x),
                   .block_y = static_cast<unsigned>(blocks.fold.y)};
  }

  launch.cluster = static_cast<unsigned>(blocks.cluster);
  launch.shared_bytes = static_cast<std::size_t>(blocks.shared_bytes);

  const auto value_of = [&](const GeometryField& field) {
    using Kind = GeometryField::Kind;
    const auto dim = static_cast<std::size_t>(field.dim);
    switch (field.kind) {
      case Kind::Tiles:
        return blocks.tiles;
      case Kind::RowTiles:
        return blocks.row_tiles;
      case Kind::Columns:
        return columns_of(geometry);
      case Kind::Rows:
        return blocks.rows;
      case Kind::Sums:
        return blocks.sums;
      case Kind::Count:
        return size_from(geometry, 0);
      case Kind::Size:
        return geometry.sizes[dim];
      case Kind::Stride:
        break;
    }
    return geometry.strides[static_cast<std::size_t>(field.tensor)][dim];
  };
  Packer packer(launch);
  const std::vector<GeometryField> fields = family.parameters(schedule, layout, geometry.tensors);
  if (fields.empty()) packer.add(size_from(geometry, 0));
  for (const GeometryField& field : fields) packer.add(field.type, value_of(field));
  return launch;
}

}  // namespace gems
