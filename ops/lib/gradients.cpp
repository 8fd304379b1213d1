// The table of gradients.h.
#include "gems/ops/gradients.h"

#include <algorithm>

#include "gems/ops/activation.h"
#include "gems/ops/fused.h"
#include "gems/ops/selection.h"

namespace gems::ops {
namespace {

struct Row {
  const OpDef* op;
  const OpDef* gradient;
};

constexpr Row rows[] = {
    {&gelu_op, &gelu_backward_op},
    {&gelu_and_mul_op, &gelu_and_mul_grad_op},
    {&silu_op, &silu_backward_op},
    {&silu_and_mul_op, &silu_and_mul_grad_op},
};

constexpr const OpDef* bounded[] = {&clamp_op, &clamp_min_op, &clamp_max_op};

}  // namespace

Ties ties_of(const OpDef& op) {
  return std::ranges::find(bounded, &op) != std::end(bounded) ? Ties::First : Ties::Share;
}

const OpDef* written_gradient(const OpDef& op) {
  const auto found = std::ranges::find(rows, &op, &Row::op);
  return found == std::end(rows) ? nullptr : found->gradient;
}

int incoming_gradient(const OpDef& op) {
  if (std::ranges::find(rows, &op, &Row::gradient) == std::end(rows)) return -1;
  const auto grad = std::ranges::find(op.operands, "grad", &OperandDef::name);
  return static_cast<int>(grad - op.operands.begin());
}

}  // namespace gems::ops
