// Serves a request of an operator, and counts it.
#include "serve/serve_or_throw.h"

#include <c10/util/Exception.h>

#include <optional>

#include "first_call/refusal_text.h"
#include "gems/dsl/error.h"

namespace gems::aten {

void serve_or_throw(Request request, CallCounts& counts) {
  request.compiles = &counts.compiles;
  request.compile_us = &counts.compile_us;
  std::optional<DeclineReason> reason;
  try {
    reason = serve(request);
  } catch (const Error& error) {
    counts.add(DeclineReason::Error);
    TORCH_CHECK(false, error.what());
  } catch (...) {
    counts.add(DeclineReason::Error);
    throw;
  }
  counts.add(reason);
  TORCH_CHECK(!reason, refusal_text(request, *reason));
}

}  // namespace gems::aten
