// native_group_norm and its gradient.
#pragma once

#include <c10/core/SymInt.h>

#include <array>
#include <optional>
#include <span>

#include "overrides/composed/op_runner.h"

namespace gems::aten {

// results: (x normalized, mean and 1 / sqrt(variance + eps) of each group). samples, channels and places are the sizes
// of x. Left to ATen are calls without elements, and x that is not contiguous: group_norm makes it so, but for channels
// last on the CPU, where ATen keeps them last.
std::optional<DeclineReason> compute_group_norm(OpRunner& run, std::span<at::Tensor> results, const at::Tensor& x,
                                                const std::optional<at::Tensor>& weight,
                                                const std::optional<at::Tensor>& bias, const c10::SymInt& samples,
                                                const c10::SymInt& channels, const c10::SymInt& places,
                                                std::int64_t groups, double eps);

// results: the gradients of x, weight and bias, those that `wanted` asks for.
std::optional<DeclineReason> compute_group_norm_gradient(
    OpRunner& run, std::span<at::Tensor> results, const at::Tensor& grad, const at::Tensor& x, const at::Tensor& mean,
    const at::Tensor& rstd, const std::optional<at::Tensor>& weight, const c10::SymInt& samples,
    const c10::SymInt& channels, const c10::SymInt& places, std::int64_t groups, const std::array<bool, 3>& wanted);

}  // namespace gems::aten
