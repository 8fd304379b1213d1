// Where modules of operators that are compiled from text are kept: a folder of the cache directory (docs/cache.md).
#pragma once

#include <string>

namespace gems {

// The folder, made if need be, and checked as the cache directory is: nobody else can place code in it. Empty when
// nothing is to be kept (no cache, or one that is only read) or, with one warning, when it cannot be used. Thread-safe.
std::string module_directory();

}  // namespace gems
