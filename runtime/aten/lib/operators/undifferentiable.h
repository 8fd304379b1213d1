// Autograd kernels of torch.ops.gems for what has no gradient: they raise where one would be lost in silence.
#pragma once

#include "gems/dsl/op.h"

namespace torch {
class Library;
}

namespace gems::aten {

// For the op's .out overload, and for the op itself unless it has a gradient of its own or a result that needs none.
void register_undifferentiable(torch::Library& library, const OpDef& op);

}  // namespace gems::aten
