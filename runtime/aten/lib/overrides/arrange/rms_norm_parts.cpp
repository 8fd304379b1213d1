// Of operators that the dispatcher calls, so that they may be overridden themselves.
#include "overrides/arrange/rms_norm_parts.h"

#include <ATen/OpMathType.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/mean.h>

// ATen's own kernel, as in override_table.cpp.
namespace at::compositeimplicitautograd {
__attribute__((visibility("default"))) std::tuple<Tensor, Tensor> _fused_rms_norm(const Tensor& input,
                                                                                  IntArrayRef normalized_shape,
                                                                                  const std::optional<Tensor>& weight,
                                                                                  std::optional<double> eps);
}  // namespace at::compositeimplicitautograd

namespace gems::aten::parts {

std::tuple<at::Tensor, at::Tensor> _fused_rms_norm(const at::Tensor& x, at::IntArrayRef shape,
                                                   const std::optional<at::Tensor>& weight, std::optional<double> eps) {
  return at::compositeimplicitautograd::_fused_rms_norm(x, shape, weight, eps);
}

std::tuple<at::Tensor, at::Tensor> _fused_rms_norm_backward(const at::Tensor& grad, const at::Tensor& x,
                                                            at::IntArrayRef shape, const at::Tensor& rstd,
                                                            const std::optional<at::Tensor>& weight,
                                                            std::array<bool, 2> wanted) {
  const at::ScalarType compute = at::toOpMathType(x.scalar_type());
  const auto widened = [&](const at::Tensor& tensor) { return tensor.to(compute); };
  at::DimVector kept, reduced;
  const std::int64_t first = x.dim() - static_cast<std::int64_t>(shape.size());
  for (std::int64_t d = 0; d < x.dim(); ++d) (d < first ? kept : reduced).push_back(d);

  const bool has_weight = weight && weight->defined();
  const at::Tensor incoming = widened(grad);
  const at::Tensor inverse = widened(rstd);
  const at::Tensor normal = widened(x) * inverse;
  at::Tensor of_x, of_weight;
  if (wanted[0]) {
    const at::Tensor weighted = has_weight ? incoming * widened(*weight) : incoming;
    const at::Tensor mean = at::mean(weighted * normal, reduced, /*keepdim=*/true);
    of_x = ((weighted - normal * mean) * inverse).to(x.scalar_type());
  }
  if (wanted[1] && has_weight) {
    const at::Tensor each = incoming * normal;
    of_weight = (kept.empty() ? each : each.sum(kept)).to(weight->scalar_type());
  }
  return {of_x, of_weight};
}

}  // namespace gems::aten::parts
