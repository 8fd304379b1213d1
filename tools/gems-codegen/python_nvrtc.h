// The NVRTC that the project's Python environment brings, for machines without a CUDA toolkit.
#pragma once

namespace gems::codegen {

// Tells the runtime to look in the folders nvidia/*/lib of ../../.venv, seen from this executable. No environment
// there: nothing happens.
void add_python_nvrtc();

}  // namespace gems::codegen
