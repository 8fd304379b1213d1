// The dimensions that a call of a rowwise op names.
#pragma once

#include <c10/util/ArrayRef.h>

#include <cstdint>

#include "gems/dsl/op.h"

namespace gems::aten {

// One bit for each reduced dimension of elements of that rank: RowDims::reduced. No dimension named: all. Throws
// c10::Error for a dimension that they do not have, or that is named twice.
std::uint64_t reduced_dims(const OpDef& op, c10::IntArrayRef dims, std::int64_t rank);

}  // namespace gems::aten
