// How operators of torch.ops are served: nobody else can do the call.
#pragma once

#include "gems/aten/serve.h"
#include "serve/call_counts.h"

namespace gems::aten {

// Serves and counts the request, or throws what a user of torch.ops can act on.
void serve_or_throw(Request request, CallCounts& counts);

}  // namespace gems::aten
