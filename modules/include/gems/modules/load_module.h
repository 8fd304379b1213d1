// load_module(): the operators of a shared library that GEMS_OPERATORS made (docs/modules.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gems/dsl/op.h"

namespace gems {

struct Module {
  std::string name;
  std::string path;  // absolute, without symbolic links
  std::vector<const OpDef*> ops;
};

// Loads a module for the life of the process; nothing of it goes away again. The same file again is the module that was
// loaded. Throws gems::Error, which names the file and says what to do, when there is no such file, when it is no
// module or one of another format, when it describes what cannot be an op, and when another file has given a module
// that name. Any thread.
const Module& load_module(const std::string& path);

}  // namespace gems
