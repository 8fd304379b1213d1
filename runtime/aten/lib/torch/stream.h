// Device and stream of a launch, through c10's device guard interface: no link to the CUDA libraries.
#pragma once

#include <c10/core/Device.h>

namespace gems::aten {

// The native handle of the current stream of a CUDA device; null for the CPU.
void* current_stream(at::Device device);

// Whether that stream records into a CUDA graph.
bool is_capturing(at::Device device);

}  // namespace gems::aten
