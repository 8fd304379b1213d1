// The negative log-likelihood and its gradient, for the overloads nll_loss_forward and nll_loss_backward.
#pragma once

#include <c10/core/SymInt.h>

#include <optional>
#include <span>

#include "overrides/composed/op_runner.h"

namespace gems::aten {

// results: (output, total_weight). A target that is no class, for which ATen raises on the CPU, is left to it there; on
// CUDA, where the values are not known here, its loss is NaN.
std::optional<DeclineReason> compute_nll_loss(OpRunner& run, std::span<at::Tensor> results, const at::Tensor& x,
                                              const at::Tensor& target, const std::optional<at::Tensor>& weight,
                                              std::int64_t reduction, const c10::SymInt& ignore_index);

// results: the gradient of x. total_weight: as the forward op returned it; used where reduction is the mean.
std::optional<DeclineReason> compute_nll_loss_gradient(OpRunner& run, std::span<at::Tensor> results,
                                                       const at::Tensor& grad, const at::Tensor& x,
                                                       const at::Tensor& target,
                                                       const std::optional<at::Tensor>& weight, std::int64_t reduction,
                                                       const c10::SymInt& ignore_index, const at::Tensor& total_weight);

}  // namespace gems::aten
