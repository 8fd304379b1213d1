// Whether a divisor in CPU memory holds a zero. ATen raises on an integer division by zero; the divisor is read before
// anything is written, so that ATen finds the operands as they were and refuses the call itself.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>

namespace gems::aten {

// divisor: integers or bool, on the CPU. Only the low width_bytes of each element count: what is left of it in the
// dtype of the division, which may be narrower than a 0-dim tensor's.
bool has_zero(const at::Tensor& divisor, std::size_t width_bytes);

}  // namespace gems::aten
