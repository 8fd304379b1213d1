// The last parameter of a kernel that is not flat, field by field: the one description from which the emitter prints
// the struct's declaration and launch_geometry fills its bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"

namespace gems {

struct ParameterField {
  enum class Kind : std::uint8_t {
    Tiles,     // rows, tile: blocks along dimension 0, as a Divisor
    RowTiles,  // tile: blocks along dimension 1, as a Divisor
    Columns,   // rows, tile: size of dimension 0
    Rows,      // rows: product of the sizes of the other dimensions; tile: size of dimension 1
    Count,     // generic: number of elements
    Size,      // size of `dim` to divide by: a Divisor, or a long long where offsets are wide
    Stride,    // stride of `operand` along `dim`
  };
  Kind kind;
  int dim = 0;
  int operand = 0;  // index over tensors read, then results
};

// How a field is declared.
enum class FieldType : std::uint8_t {
  Divisor,  // three unsigned: divisor, multiplier, shift
  Narrow,   // unsigned for counts, int for strides
  Wide,     // long long
};
FieldType field_type(const ParameterField& field, const Schedule& schedule, const Layout& layout);

// Empty for flat kernels, whose last parameter is the element count.
std::vector<ParameterField> parameter_fields(const Schedule& schedule, const Layout& layout, TensorCounts tensors);

}  // namespace gems
