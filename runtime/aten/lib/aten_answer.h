// What ATen's own kernel says about a combination of dtypes, asked once and remembered.
#pragma once

#include <optional>

#include "call_geometry.h"

namespace gems::aten {

// The result's dtype, or nothing when ATen raises. request.ask_aten must be set.
std::optional<at::ScalarType> aten_answer(const Request& request, const CallGeometry& geometry);

// Whether that combination was asked before.
bool is_answered(const Request& request, const CallGeometry& geometry);

}  // namespace gems::aten
