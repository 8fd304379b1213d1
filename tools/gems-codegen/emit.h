// The subcommand `emit`: one variant of an op, printed at any stage of the pipeline from the trace to the cubin.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "call.h"
#include "gems/compiler/schedule.h"
#include "layouts.h"

namespace gems::codegen {

struct EmitRequest {
  Call call;
  LayoutText layout;
  CudaTarget target;
  std::string_view stage = "cuda";
  bool json = false;
};

// The trace, the compiler's stages in their order, ptx, cubin.
std::vector<std::string_view> emit_stages();

// Bytes of a file: text for every stage but "cubin". Throws UsageError for an unknown stage, gems::Error when the op
// does not accept the call.
std::string emit(const EmitRequest& request);

}  // namespace gems::codegen
