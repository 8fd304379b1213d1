// Numbers as the runtime takes them.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Scalar.h>

#include "gems/runtime/arguments.h"

namespace gems::aten {

// The value of a number, or of a 0-dim CPU tensor, in one of the dtypes that NumberValue has. False for dtypes that
// gems does not know.
bool to_number(const at::Scalar& scalar, NumberValue& number);
bool to_number(const at::Tensor& tensor, NumberValue& number);

}  // namespace gems::aten
