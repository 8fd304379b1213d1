// What --version prints. GEMS_VERSION is the version of CMake's project(); kernels in the cache are found again by
// tools and libraries of one generator.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "gems/compiler/version.h"

namespace gems {

inline std::string version_text(std::string_view tool) {
  return fmt::format("{} {} (generator {}, LLVM {})", tool, GEMS_VERSION, generator_version().substr(0, 12),
                     llvm_version());
}

}  // namespace gems
