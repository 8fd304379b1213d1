// One warning per op when something inside gems failed and ATen took over.
#pragma once

#include "gems/dsl/op.h"

namespace gems::aten {

void warn_once(const OpDef& op, const char* what);

}  // namespace gems::aten
