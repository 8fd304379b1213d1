// ATen's fused norm by the root of the mean square, and its gradient, for the CPU, where ATen has no kernels of them
// but a composite, which autograd differentiates. With an override of the first, autograd calls the second. rms_norm
// calls neither for complex numbers.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <optional>
#include <tuple>

namespace gems::aten::parts {

// ATen's composite.
std::tuple<at::Tensor, at::Tensor> _fused_rms_norm(const at::Tensor& x, at::IntArrayRef shape,
                                                   const std::optional<at::Tensor>& weight, std::optional<double> eps);

// Of x and weight, those that `wanted` asks for; computed as ATen's composite computes, in f32 where x has two bytes.
std::tuple<at::Tensor, at::Tensor> _fused_rms_norm_backward(const at::Tensor& grad, const at::Tensor& x,
                                                            at::IntArrayRef shape, const at::Tensor& rstd,
                                                            const std::optional<at::Tensor>& weight,
                                                            std::array<bool, 2> wanted);

}  // namespace gems::aten::parts
