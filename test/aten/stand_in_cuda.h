// CUDA tensors on a machine without CUDA: the device guard, allocator and kernels of PyTorch's CUDA side are replaced
// by stand-ins that count, and the driver by test/runtime/stand_in_driver. What remains is all that gems does on the
// host.
#pragma once

#include <ATen/core/Tensor.h>

#include "stand_in_driver.h"

namespace gems::test {

// Replaces them for the life of the process, and makes device 0 current in this thread.
void use_stand_in_cuda();

// In the memory of the host, not initialised.
at::Tensor stand_in_tensor(at::IntArrayRef sizes, at::ScalarType dtype = at::kFloat, int device = 0);

// Of this thread.
struct StandInTorch {
  int device = 0;
  c10::StreamId stream = 0;  // of both devices; its native handle is its number
  int device_switches = 0;
  int aten_calls = 0;  // of ATen's own kernels
  bool capturing = false;
};
StandInTorch& stand_in_torch();

}  // namespace gems::test
