// Which fields the last parameter of a kernel has.
#include "kernel_parameters.h"

namespace gems {
namespace {

void add_strides(std::vector<ParameterField>& fields, const Layout& layout, TensorCounts tensors) {
  for (std::size_t tensor = 0; tensor < tensors.operands + tensors.results; ++tensor) {
    const Step step = tensor < tensors.operands ? layout.step_of_operand(tensor) : traits(layout.cls).written;
    if (step == Step::Broadcast) continue;
    for (int dim = step == Step::Contiguous ? 1 : 0; dim < traits(layout.cls).rank; ++dim)
      fields.push_back({ParameterField::Kind::Stride, dim, static_cast<int>(tensor)});
  }
}

}  // namespace

FieldType field_type(const ParameterField& field, const Schedule& schedule, const Layout& layout) {
  using Kind = ParameterField::Kind;
  switch (field.kind) {
    case Kind::Tiles:
    case Kind::RowTiles:
      return FieldType::Divisor;
    case Kind::Size:
      return traits(layout.cls).is_wide ? FieldType::Wide : FieldType::Divisor;
    case Kind::Rows:
      return FieldType::Narrow;
    default:
      // Rows and tiles have 64-bit offsets at the price of 32-bit ones: few for each vector.
      return traits(layout.cls).is_wide || schedule.family != Family::Generic ? FieldType::Wide : FieldType::Narrow;
  }
}

std::vector<ParameterField> parameter_fields(const Schedule& schedule, const Layout& layout, TensorCounts tensors) {
  using Kind = ParameterField::Kind;
  const int rank = traits(layout.cls).rank;
  std::vector<ParameterField> fields;
  switch (schedule.family) {
    case Family::Flat:
      break;
    case Family::Rows:
      fields = {{Kind::Tiles}};
      for (int dim = 1; dim + 1 < rank; ++dim) fields.push_back({Kind::Size, dim});
      fields.insert(fields.end(), {{Kind::Rows}, {Kind::Columns}});
      add_strides(fields, layout, tensors);
      break;
    case Family::Tile:
      fields = {{Kind::Tiles}, {Kind::RowTiles}, {Kind::Size, 2}, {Kind::Rows}, {Kind::Columns}};
      add_strides(fields, layout, tensors);
      break;
    case Family::Generic:
      fields = {{Kind::Count}};
      for (int dim = 0; dim + 1 < rank; ++dim) fields.push_back({Kind::Size, dim});
      add_strides(fields, layout, tensors);
      break;
  }
  return fields;
}

}  // namespace gems
