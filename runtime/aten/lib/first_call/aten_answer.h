// What ATen's own kernel says about a combination of dtypes, asked once and remembered.
#pragma once

#include <optional>

#include "geometry/call_geometry.h"

namespace gems::aten {

struct AtenAnswer {
  std::optional<DeclineReason> declined;  // ATen raised or warned
  at::ScalarType dtype = at::kFloat;      // of the result, else
};

// request.ask_aten must be set.
AtenAnswer aten_answer(const Request& request, const CallGeometry& geometry);

// Whether that combination was asked before.
bool is_answered(const Request& request, const CallGeometry& geometry);

}  // namespace gems::aten
