// CUDA text to machine code, through NVRTC, which is loaded on first use. Thread-safe; threads compile at once.
#pragma once

#include <string>
#include <vector>

namespace gems {

// Where NVRTC is looked for, in this order: GEMS_NVRTC (a path; nothing else is tried), a libnvrtc.so that the process
// has loaded already, the folders added here (latest first), the loader's path, /usr/local/cuda/lib64.
// Only folders added before the first compile count.
void add_nvrtc_search_path(std::string folder);

bool has_nvrtc();

// "13.0". Loads the library. Throws gems::Error, with what was tried, when there is none.
std::string nvrtc_version();

// What identifies the library's build in cache keys: its GNU build id, or its version and size. Reads the file without
// loading it where the path is known, which saves tens of milliseconds when every kernel comes from the cache.
std::string nvrtc_build();

// text: a whole file as CudaKernel::text. name: of the kernel, for messages and dumps. arch: 90 for sm_90.
// Throws gems::Error naming call, result, kernel and target with the compiler's log, and the path where the text was
// kept if GEMS_DUMP is set.
std::vector<char> compile_cubin(const std::string& text, const std::string& name, int arch);
std::string compile_ptx(const std::string& text, const std::string& name, int arch);

}  // namespace gems
