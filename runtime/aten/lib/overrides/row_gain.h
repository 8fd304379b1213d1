// Where gems' kernels of rowwise ops are slower than ATen's, as was measured: calls that arrange() leaves to ATen.
#pragma once

#include "overrides/row_call.h"

namespace gems::aten {

// Whether neighbours in memory belong to neighbouring rows, on the CPU: there gems sums in an order of the row alone,
// from values in memory, where ATen adds one row to another.
bool is_across_on_cpu(const RowCall& call);

}  // namespace gems::aten
