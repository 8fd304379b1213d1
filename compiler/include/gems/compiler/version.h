// What identifies the generator of texts and objects; part of every cache key.
#pragma once

#include <string_view>

namespace gems {

// Changes whenever the generator's own sources change (a digest made at build time), so that old cache entries miss.
std::string_view generator_version();
std::string_view llvm_version();

}  // namespace gems
