// Reductions of a row to one value, or two.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

extern const OpDef sum_op, mean_op, sum_wide_op, mean_wide_op, prod_op, amax_op, amin_op, argmax_op, argmin_op,
    max_dim_op, min_dim_op, any_op, all_op, count_nonzero_op, var_op, std_op, var_mean_op, std_mean_op, var_in_f64_op,
    std_in_f64_op, var_mean_in_f64_op, std_mean_in_f64_op, logsumexp_op;

}  // namespace gems::ops
