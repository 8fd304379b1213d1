// The autograd kernel of an operator: gradients and tangents by its derived operators.
#pragma once

#include <string>

#include "gems/dsl/op.h"

namespace torch {
class Library;
}

namespace gems::aten {

// name: of the operator, without its namespace.
void register_autograd(torch::Library& library, const OpDef& op, const std::string& name,
                       const std::string& name_space);

// Of an overload that writes into given tensors ("silu_and_mul.out"): it raises where it would lose a gradient in
// silence.
void register_out_autograd(torch::Library& library, const std::string& overload);

}  // namespace gems::aten
