// Shows the making of kernels to PyTorch's profiler.
#pragma once

namespace gems::aten {

// Ranges of gems/runtime/ranges.h become at::RecordFunction of the scope that torch.profiler.record_function has, so
// that torch.profiler, emit_nvtx and emit_itt show them. Without a profiler nothing is recorded.
void use_torch_profiler();

}  // namespace gems::aten
