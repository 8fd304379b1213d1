// The operators of a module as operators of PyTorch: torch.ops.MODULE.NAME.
#pragma once

#include <string>

namespace gems::aten {

// Loads a module (gems/modules/load_module.h) and registers its operators with PyTorch's dispatcher; once, whatever the
// number of calls. Returns the module's name, which is the namespace of its operators. Throws gems::Error. Any thread.
std::string load_operators(const std::string& path);

}  // namespace gems::aten
