// Which fields the last parameter of a kernel has.
#include "kernel_parameters.h"

namespace gems {
namespace {

const OperandLayout& operand_at(const Layout& layout, int index) {
  const auto reads = static_cast<int>(layout.operands.size());
  return index < reads ? layout.operands[static_cast<std::size_t>(index)]
                       : layout.results[static_cast<std::size_t>(index - reads)];
}

void add_strides(std::vector<ParameterField>& fields, const Layout& layout) {
  const auto count = static_cast<int>(layout.operands.size() + layout.results.size());
  for (int operand = 0; operand < count; ++operand) {
    const Step step = operand_at(layout, operand).step;
    if (step == Step::Broadcast) continue;
    for (int dim = step == Step::Contiguous ? 1 : 0; dim < layout.rank; ++dim)
      fields.push_back({ParameterField::Kind::Stride, dim, operand});
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
      return layout.wide_index ? FieldType::Wide : FieldType::Divisor;
    case Kind::Rows:
      return FieldType::Narrow;
    default:
      // Rows and tiles have 64-bit offsets at the price of 32-bit ones: few for each vector.
      return layout.wide_index || schedule.family != Family::Generic ? FieldType::Wide : FieldType::Narrow;
  }
}

std::vector<ParameterField> parameter_fields(const Schedule& schedule, const Layout& layout) {
  using Kind = ParameterField::Kind;
  std::vector<ParameterField> fields;
  switch (schedule.family) {
    case Family::Flat:
      break;
    case Family::Rows:
      fields = {{Kind::Tiles}};
      for (int dim = 1; dim + 1 < layout.rank; ++dim) fields.push_back({Kind::Size, dim});
      fields.insert(fields.end(), {{Kind::Rows}, {Kind::Columns}});
      add_strides(fields, layout);
      break;
    case Family::Tile:
      fields = {{Kind::Tiles}, {Kind::RowTiles}, {Kind::Size, 2}, {Kind::Rows}, {Kind::Columns}};
      add_strides(fields, layout);
      break;
    case Family::Generic:
      fields = {{Kind::Count}};
      for (int dim = 0; dim + 1 < layout.rank; ++dim) fields.push_back({Kind::Size, dim});
      add_strides(fields, layout);
      break;
  }
  return fields;
}

}  // namespace gems
