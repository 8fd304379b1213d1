// The shape of what varies along some of a rowwise call's dimensions only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gems/dsl/extent.h"

namespace gems::aten {

// Along dimension d of the elements.
constexpr bool varies_along(Extent extent, std::uint64_t reduced, std::size_t d) {
  return (reduced >> d & 1) != 0 ? varies_along_columns(extent) : varies_along_rows(extent);
}

// Those sizes of the elements along which a tensor of the extent varies; with keepdim also the others, as 1.
// Dims: at::DimVector or c10::SymDimVector.
template <class Dims>
Dims row_shape(const Dims& elements, std::uint64_t reduced, Extent extent, bool keepdim) {
  Dims sizes;
  for (std::size_t d = 0; d < elements.size(); ++d)
    if (varies_along(extent, reduced, d))
      sizes.push_back(elements[d]);
    else if (keepdim)
      sizes.push_back(1);
  return sizes;
}

}  // namespace gems::aten
