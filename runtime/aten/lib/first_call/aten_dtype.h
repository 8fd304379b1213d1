// The dtypes of ATen's own results for a combination of dtypes: found by a call on small tensors.
#pragma once

#include <optional>

#include "gems/aten/serve.h"

namespace gems::aten {

struct AtenDtype {
  std::optional<DeclineReason> declined;  // ATen raised or warned
  ResultTypes dtypes{};                   // of the results, else
};

// Runs the probe.
AtenDtype aten_dtype_of(const AtenProbe& probe);

}  // namespace gems::aten
