// GEMS_DUMP: keeps every CUDA text that is compiled, for people and for messages.
#pragma once

#include <string>

namespace gems {

// Writes DIR/NAME.TARGET.DIGEST.cu if GEMS_DUMP names a directory (created if missing). Returns the path, empty when
// nothing was written; a directory that cannot be written gives one warning.
std::string dump_cuda_text(const std::string& name, const std::string& target, const std::string& text);

}  // namespace gems
