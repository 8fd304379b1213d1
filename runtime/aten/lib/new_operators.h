// Every op of the catalogue as an operator of PyTorch: torch.ops.gems.NAME.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/stack.h>

#include <span>
#include <string>
#include <vector>

#include "gems/dsl/op.h"

namespace torch {
class Library;
}

namespace gems::aten {

// "silu_and_mul(Tensor x, Tensor y) -> Tensor"; flags get their default: "str approximate=\"none\"".
std::string schema_of(const OpDef& op);

// Autograd kernels of the ops that have gradients (new_operators_autograd.cpp).
void register_gradients(torch::Library& library);

}  // namespace gems::aten
