// vmap of a rowwise operator: the batch is one more dimension of rows. Where values of columns differ within the batch,
// or a result sums over rows, the operator is called for each member of it.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/stack.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gems/dsl/op.h"

namespace c10 {
class OperatorHandle;
}

namespace gems::aten {

// A tensor without its batch dimension, if it has one.
struct Part {
  std::size_t position;
  at::Tensor tensor;
  std::optional<std::int64_t> batch_dim;
  std::int64_t rank() const { return tensor.dim() - (batch_dim ? 1 : 0); }
};

// The arguments on the stack give way to the results. One part for each tensor among them; one is batched.
void call_batched_rows(const OpDef& op, const c10::OperatorHandle& handle, torch::jit::Stack& stack,
                       const std::vector<Part>& parts, std::int64_t level);

}  // namespace gems::aten
