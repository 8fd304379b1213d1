// Which dtype two values meet in.
#pragma once

#include <optional>

#include "gems/dsl/dtype.h"

namespace gems {

// The lowest dtype that is weakly higher than both; the higher category wins, and a float beside a complex counts as
// its complex. Null when there is none: u16, u32 and u64 meet floats only, float8 nothing.
std::optional<DType> common_dtype(DType a, DType b);

}  // namespace gems
