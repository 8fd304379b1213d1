// Where gems' kernels of rowwise ops are slower than ATen's, as was measured: calls that are left to ATen.
#pragma once

#include "overrides/row_call.h"

namespace gems::aten {

// Of an arranged call. ATen's CPU kernels of a few dtypes are vectors that wait for memory only. Where neighbours in
// memory belong to neighbouring rows, it adds one row to another, and gems keeps the order of a row. A short row along
// memory takes as long as a vector.
bool is_faster_in_aten(const RowCall& call);

}  // namespace gems::aten
