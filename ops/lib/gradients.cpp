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
  int incoming;  // the position of the incoming gradient among the operands of `gradient`
};

constexpr Row rows[] = {
    {&gelu_op, &gelu_backward_op, 0},
    {&gelu_and_mul_op, &gelu_and_mul_grad_op, 2},
    {&silu_op, &silu_backward_op, 0},
    {&silu_and_mul_op, &silu_and_mul_grad_op, 2},
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
  const auto found = std::ranges::find(rows, &op, &Row::gradient);
  return found == std::end(rows) ? -1 : found->incoming;
}

}  // namespace gems::ops
