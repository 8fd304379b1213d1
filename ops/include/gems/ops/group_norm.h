// Normalization of groups of channels by their moments, and its gradients, in passes: a weight varies neither along
// rows nor along columns of groups.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

// group_norm_statistics: mean and 1 / sqrt(variance + eps) of each row, which is a group.
// group_norm_statistics_rounded: those rounded to x, and as they are.
// group_norm_elements: (x - mean) * rstd * weight + bias; a row is a channel of a sample.
// group_norm_sums: of such rows: the sums of grad * (x - mean) * rstd and of grad.
// group_norm_means: of each row, which has the channels of a group: the sums of normal_sums * weight and of
// grad_sums * weight, by count, the number of elements of a group.
// group_norm_parameters: of each row, which has the samples: both sums, the gradients of a channel's weight and bias.
// group_norm_gradient_elements: the gradient of x by the means of its group; a row is a channel of a sample.
extern const OpDef group_norm_statistics_op, group_norm_statistics_rounded_op, group_norm_elements_op,
    group_norm_sums_op, group_norm_means_op, group_norm_parameters_op, group_norm_gradient_elements_op;

}  // namespace gems::ops
