// Prints a scheduled kernel as CUDA C++. Takes no decisions: everything is in the kernel's attributes.
#pragma once

#include "Pw/Pw.h"
#include "gems/compiler/cuda.h"

namespace gems::cuda {

// The kernel is in the final form (Transforms/FinalForm.h) and has layouts and a schedule.
CudaKernel emit(pw::KernelOp kernel, CudaTarget target);

}  // namespace gems::cuda
