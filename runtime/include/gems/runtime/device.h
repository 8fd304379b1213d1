// What CUDA devices this machine has. The driver is loaded and initialised on first use; without one there are none.
#pragma once

#include <string>

#include "gems/compiler/schedule.h"

namespace gems {

int cuda_device_count();

// 90 for compute capability 9.0. Throws gems::Error when there is no such device.
int cuda_arch(int device);
// What kernels for the device are scheduled for: cuda_arch, and the peak of its memory as the driver tells it.
CudaTarget cuda_target(int device);
std::string cuda_device_name(int device);

}  // namespace gems
