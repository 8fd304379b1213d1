// Rowwise ops that do in one kernel what models do in several.
#pragma once

#include "gems/dsl/op.h"

namespace gems::ops {

// skip_rms_norm, skip_layer_norm: (norm of the sum, the sum) of x and residual; the norm is that of the sum as it is
// stored. rms_norm: x / sqrt(mean(x^2) + eps) * weight, https://arxiv.org/abs/1910.07467; layer_norm:
// (x - mean) / sqrt(variance + eps) * weight + bias, https://arxiv.org/abs/1607.06450.
// gemma_rms_norm, skip_gemma_rms_norm: those with 1 + weight in the weight's place.
// masked_softmax: softmax of x * scale + mask.
// cross_entropy_rows: of each row of logits and its target, an index: (loss, weight, logsumexp(x)). The loss is
//   (1 - label_smoothing) * weight[target] * (logsumexp(x) - x[target])
//     + label_smoothing / n * sum over c of weight[c] * (logsumexp(x) - x[c]),
// the weight weight[target], by which a mean divides; both are 0 where target is ignore_index, and NaN where the row
// has no such column.
// cross_entropy_gradient: of scale * loss by the logits, without weights:
//   scale * (exp(x - log_sum) - (1 - label_smoothing) * [c == target] - label_smoothing / n),
// 0 where target is ignore_index, NaN where the row has no such column. log_sum: what cross_entropy_rows found.
// bias_act: activation of x + bias, plus residual. Along rows, so that the gradient of bias is a sum over all rows in
// the sweep that computes that of x. act: "relu", "gelu" (by erf), "gelu_tanh" or "silu".
// dot_rows: alpha times the sum of x * y over a row, plus beta times addend: with rows that broadcast, the product of a
// few vectors and a matrix.
// dot_rows_act: activation of the sum of x * y over a row plus addend, plus residual: a linear layer of a few vectors,
// with what follows it. act: as of bias_act, or "none".
// dot_rows_gate: activation of the sum of x * gates over a row plus gate_addend, times the sum of x * values plus
// value_addend. act: "silu", "gelu" or "gelu_tanh".
extern const OpDef skip_rms_norm_op, skip_layer_norm_op, gemma_rms_norm_op, skip_gemma_rms_norm_op, masked_softmax_op,
    cross_entropy_rows_op, cross_entropy_gradient_op, bias_act_op, dot_rows_op, dot_rows_act_op, dot_rows_gate_op;

}  // namespace gems::ops
