// The negative log-likelihood of each row's target, sums of such losses, and the gradient.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

// nll_loss: of each row of log-probabilities and its target, the index of a class: -weight[target] * x[target]; 0 where
// target is ignore_index, and NaN where the row has no such class.
// nll_loss_and_weight: (that loss, weight[target], by which a mean divides, 0 and NaN likewise), not rounded to x.
// nll_loss_total: of losses and their weights: (sum of the losses, for reduction "mean" by the sum of the weights; sum
// of the weights).
// nll_loss_gradient: of grad * nll_loss by x, or of grad * nll_loss / total_weight where that is given; NaN in rows
// that have no such class. Of x only the shape counts.
extern const OpDef nll_loss_op, nll_loss_and_weight_op, nll_loss_total_op, nll_loss_gradient_op;

}  // namespace gems::ops
