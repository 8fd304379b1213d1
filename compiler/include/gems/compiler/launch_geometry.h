// From the sizes and strides of one call to the launch of a CUDA kernel. Part of the compiler, because it fills the
// struct that the emitted text declares; called by the runtime for each new geometry.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"

namespace gems {

// Sizes of the collapsed dimensions, innermost first, and each operand's strides in elements: Tensor-form operands of
// the trace in order, then results.
struct Geometry {
  int rank = 1;
  int reduced_rank = 0;  // rowwise: the first dimensions, which make up a row; the others are kept
  TensorCounts tensors{};
  std::array<std::int64_t, MaxRank> sizes{};
  std::array<std::array<std::int64_t, MaxRank>, MaxTensors> strides{};
};

// Grid, block and the last kernel parameter (n or the struct), as bytes to copy.
struct LaunchGeometry {
  struct Fold {
    unsigned grid_x = 0, block_x = 0, block_y = 1;
  };
  unsigned grid_x = 0, grid_y = 1, grid_z = 1;
  unsigned block_x = 0, block_y = 1;
  // Where blocks share rows (grid_y, grid_z > 1), or sum over all rows: memory that the kernel leaves what they find
  // in, and the launch of NAME_fold, which takes the same parameters (grid_x 0: nothing to fold). Before the last
  // parameter of both kernels comes its address. grid_x 0: no rows, of which only NAME_fold makes sums.
  std::size_t scratch_bytes = 0;
  Fold fold{};
  // Where the blocks of a row are a cluster, so many along x: bytes of shared memory for each. No more blocks are to be
  // launched than run at once, in whole clusters; they walk over the rows.
  unsigned cluster = 0;
  std::size_t shared_bytes = 0;
  std::size_t parameter_bytes = 0;
  alignas(16) std::array<std::byte, 1280> parameter{};
};
// A kept dimension may be 0 only where there are sums over all rows.
LaunchGeometry launch_geometry(const Schedule& schedule, const Layout& layout, const Geometry& geometry);

}  // namespace gems
