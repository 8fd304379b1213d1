// Looks for libnvrtc.so.* under the environment that tools/setup makes beside the build folder, and, where the tool is
// installed as part of the Python package gems, beside that package.
#include "python_nvrtc.h"

#include <glob.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "gems/runtime/nvrtc.h"

namespace gems::codegen {

void add_python_nvrtc() {
  std::error_code error;
  const std::filesystem::path executable = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return;
  const std::filesystem::path root = executable.parent_path().parent_path().parent_path();
  for (const char* folder : {".venv/lib/python3*/site-packages/nvidia", "nvidia"}) {
    glob_t found{};
    if (::glob((root / folder / "*/lib/libnvrtc.so.*").c_str(), 0, nullptr, &found) == 0)
      add_nvrtc_search_path(std::filesystem::path(found.gl_pathv[0]).parent_path());
    ::globfree(&found);
  }
}

}  // namespace gems::codegen
