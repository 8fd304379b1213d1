// The table of families, and what several of them need.
#include "Families/Families.h"

#include <array>

namespace gems {

const KernelFamily& kernel_family(Family family) {
  static constexpr std::array<const KernelFamily*, std::variant_size_v<Schedule>> families{
      &flat_family, &rows_family,   &tile_family,   &generic_family, &list_family,
      &held_family, &staged_family, &looped_family, &columns_family, &products_family};
  return *families[static_cast<std::size_t>(family)];
}

std::int64_t size_from(const Geometry& geometry, int first_dim) {
  std::int64_t size = 1;
  for (int d = first_dim; d < geometry.rank; ++d) size *= geometry.sizes[static_cast<std::size_t>(d)];
  return size;
}

std::int64_t columns_of(const Geometry& geometry) {
  std::int64_t columns = geometry.sizes[0];
  for (int d = 1; d < geometry.reduced_rank; ++d) columns *= geometry.sizes[static_cast<std::size_t>(d)];
  return columns;
}

void add_strides(std::vector<GeometryField>& fields, FieldType type, const Layout& layout, TensorCounts tensors) {
  for (std::size_t tensor = 0; tensor < tensors.operands + tensors.results; ++tensor) {
    const Step step = tensor < tensors.operands ? layout.step_of_operand(tensor) : traits(layout.cls).written;
    if (step == Step::Broadcast) continue;
    for (int dim = step == Step::Contiguous ? 1 : 0; dim < traits(layout.cls).rank; ++dim)
      fields.push_back({GeometryField::Kind::Stride, type, dim, static_cast<int>(tensor)});
  }
}

}  // namespace gems
