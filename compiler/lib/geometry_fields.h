// The last parameter of a kernel that is not flat, field by field: the one description from which the emitter prints
// the struct's declaration and launch_geometry fills its bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "gems/compiler/layout.h"

namespace gems {

// How a field is declared.
enum class FieldType : std::uint8_t {
  Divisor,  // three unsigned: divisor, multiplier, shift
  Narrow,   // unsigned for counts, int for strides
  Wide,     // long long
};

struct GeometryField {
  enum class Kind : std::uint8_t {
    Tiles,     // blocks along dimension 0
    RowTiles,  // blocks along dimension 1
    Columns,   // size of dimension 0; rowwise: elements of a row
    Rows,      // rows that the kernel counts: of all outer dimensions, or of dimension 1
    Sums,      // sums of each column that blocks leave for NAME_fold
    Count,     // number of elements
    Size,      // size of `dim`
    Stride,    // stride of `tensor` along `dim`
  };
  Kind kind;
  FieldType type;
  int dim = 0;
  int tensor = 0;  // index over tensors read, then results
};

}  // namespace gems
