// A module's table as op definitions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gems/dsl/op.h"
#include "gems/module.h"
#include "module_source.h"

namespace gems {

// An op of a module with what it points to; its texts are the module's own.
struct ModuleOp {
  OpDef def;
  std::unique_ptr<const ModuleSource> source;
};

std::string_view view(const gems_text& text);

// Throws gems::Error, as the end of "module FILE: ...", when the table describes what cannot be an op, or two ops of
// one name. `path` must outlive the ops.
std::vector<std::unique_ptr<ModuleOp>> read_operators(const gems_module& module, const std::string& path);

}  // namespace gems
