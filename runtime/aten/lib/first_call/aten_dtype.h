// The dtypes of ATen's own results for a combination of dtypes: found by a call on small tensors, once, and remembered.
#pragma once

#include <optional>

#include "geometry/call_geometry.h"

namespace gems::aten {

struct AtenDtype {
  std::optional<DeclineReason> declined;  // ATen raised or warned
  ResultTypes dtypes{};                   // of the results, else
};

// Runs request.aten_probe, which must be set, unless that combination is known.
AtenDtype aten_dtype_of(const Request& request, const CallGeometry& geometry);

// Whether that takes no call.
bool is_aten_dtype_known(const Request& request, const CallGeometry& geometry);

}  // namespace gems::aten
