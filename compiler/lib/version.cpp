// The digest of the generator's sources that the build made, and LLVM's version.
#include "gems/compiler/version.h"

#include "generator_version.h"
#include "llvm/Config/llvm-config.h"

namespace gems {

std::string_view generator_version() { return GEMS_GENERATOR_VERSION; }

std::string_view llvm_version() { return LLVM_VERSION_STRING; }

}  // namespace gems
