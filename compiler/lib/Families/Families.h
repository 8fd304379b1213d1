// A family of CUDA kernels, without MLIR: how its schedule is chosen, which parameters its kernels take, and how they
// are launched. Each family is a folder here: XFamily.cpp has its row of this table, XText.cpp prints its kernels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "facts.h"
#include "gems/compiler/launch_geometry.h"
#include "gems/compiler/schedule.h"
#include "gems/compiler/tuning.h"
#include "geometry_fields.h"

namespace gems {

// How many blocks of which shape, and the counts among the kernel's parameters.
struct Blocks {
  struct Fold {
    std::int64_t count = 0, x = 1, y = 1;
  };
  std::int64_t count = 0;
  std::int64_t x = 1, y = 1;  // threads of a block
  std::int64_t tiles = 1, row_tiles = 1, rows = 1;
  // Of kernels whose rows are shared: blocks of a row, bytes of what each finds of it, and the blocks that combine
  // this.
  std::int64_t parts = 1, partial_bytes = 0;
  // Of kernels that sum over all rows: how many sums of each column they leave, and bytes of those of one column.
  std::int64_t sums = 0, sum_bytes = 0;
  // Of kernels whose blocks walk over the rows together: how many have a row at once, and bytes of their shared memory;
  // no more blocks are launched than run at once.
  std::int64_t cluster = 0, shared_bytes = 0;
  Fold fold{};
};

struct KernelFamily {
  Schedule (*choose)(const KernelFacts& facts, const tuning::Device& device);
  // What is wrong with the fields of a schedule together, empty when nothing is; see problem_of.
  std::string (*problem)(const Schedule& schedule);
  // The fields of the last parameter; none: it is the number of elements.
  std::vector<GeometryField> (*parameters)(const Schedule& schedule, const Layout& layout, TensorCounts tensors);
  Blocks (*blocks)(const Schedule& schedule, LayoutClass layout, const Geometry& geometry);
  // Blocks, as the emitted text says it.
  std::string (*launch_text)(const Schedule& schedule);
};
extern const KernelFamily flat_family, rows_family, tile_family, generic_family, list_family, held_family,
    staged_family, looped_family, columns_family, products_family;

// Throws gems::Error for a family that has no kernels.
const KernelFamily& kernel_family(Family family);

// What several families need.
inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
// Product of the sizes from a dimension on.
std::int64_t size_from(const Geometry& geometry, int first_dim);
// Elements of a row: product of the reduced sizes; of pointwise kernels the size of dimension 0.
std::int64_t columns_of(const Geometry& geometry);
// A stride for each dimension along which each tensor may move by anything but one element.
void add_strides(std::vector<GeometryField>& fields, FieldType type, const Layout& layout, TensorCounts tensors);
inline std::string no_problem(const Schedule&) { return {}; }

}  // namespace gems
