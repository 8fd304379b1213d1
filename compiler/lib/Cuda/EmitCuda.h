// Prints a scheduled kernel as CUDA C++: the kernel says all of it but which instructions the target has (Prelude.h).
#pragma once

#include "Pw/Pw.h"
#include "gems/compiler/cuda.h"

namespace gems::cuda {

// The kernel is in the final form (Transforms/VerifyFinalForm.cpp) and has a layout and a schedule.
CudaKernel emit(pw::KernelOp kernel, CudaTarget target);

}  // namespace gems::cuda
