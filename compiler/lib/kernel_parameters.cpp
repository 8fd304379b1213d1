// Which fields the last parameter of a kernel has.
#include "kernel_parameters.h"

#include <algorithm>

namespace gems {
namespace {

const OperandLayout& operand_at(const Layout& layout, int index) {
  const auto reads = static_cast<int>(layout.operands.size());
  return index < reads ? layout.operands[static_cast<std::size_t>(index)]
                       : layout.results[static_cast<std::size_t>(index - reads)];
}

// Strides that are not known from the layout class.
void add_strides(std::vector<ParameterField>& fields, const Layout& layout, int first_dim) {
  const auto count = static_cast<int>(layout.operands.size() + layout.results.size());
  for (int operand = 0; operand < count; ++operand)
    for (int dim = first_dim; dim < layout.rank; ++dim)
      if (dim >= 3 || layout.rank > 3 ||
          operand_at(layout, operand).steps[static_cast<std::size_t>(dim)] == Step::Strided)
        fields.push_back({ParameterField::Kind::Stride, dim, operand});
}

}  // namespace

FieldType field_type(const ParameterField& field, const Layout& layout) {
  using Kind = ParameterField::Kind;
  if (field.kind == Kind::Tiles) return FieldType::Divisor;
  if (layout.wide_index) return FieldType::Wide;
  return field.kind == Kind::Size ? FieldType::Divisor : FieldType::Narrow;
}

std::vector<ParameterField> parameter_fields(const Schedule& schedule, const Layout& layout) {
  using Kind = ParameterField::Kind;
  std::vector<ParameterField> fields;
  switch (schedule.family) {
    case Family::Flat:
      break;
    case Family::Rows:
      fields = {{Kind::Tiles}, {Kind::Columns}, {Kind::Rows}};
      if (layout.rank == 3) fields.push_back({Kind::Size, 1});
      add_strides(fields, layout, 1);
      break;
    case Family::Generic:
      fields = {{Kind::Count}};
      for (int dim = 0; dim + 1 < layout.rank; ++dim) fields.push_back({Kind::Size, dim});
      add_strides(fields, layout, 0);
      break;
  }
  return fields;
}

}  // namespace gems
