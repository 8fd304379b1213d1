// Functions for the pw.approximate operations of a kernel, each with a line that says what it computes and how far off.
#pragma once

#include "Cuda/Prelude.h"
#include "Cuda/TextWriter.h"
#include "Pw/Pw.h"

namespace gems::cuda {

// What one is called in C++: "approx_erf".
std::string approximationName(pw::Approximation function);

// Writes the functions that the kernel's body calls. Instructions are snippets of the prelude.
void writeApproximations(pw::KernelOp kernel, Prelude& prelude, TextWriter& out);

}  // namespace gems::cuda
