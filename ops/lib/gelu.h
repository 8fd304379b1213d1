// The formulas of gelu, shared by the ops that contain it. Source: ATen/native/cpu/Activation.cpp (GeluKernelImpl).
#pragma once

#include "gems/dsl.h"

namespace gems::ops {

// approximate: "none" or "tanh"; throws gems::Error on anything else.
dsl::Expr gelu(dsl::Expr x, dsl::Flag approximate);
dsl::Expr gelu_derivative(dsl::Expr x, dsl::Flag approximate);

}  // namespace gems::ops
