// The NVRTC that a Python environment brings, for machines without a CUDA toolkit.
#pragma once

namespace gems::codegen {

// Tells the runtime to look in the folders nvidia/*/lib of ../../.venv (a checkout) and of ../.. (site-packages, where
// gems is installed), seen from this executable's folder. No environment there: nothing happens.
void add_python_nvrtc();

}  // namespace gems::codegen
