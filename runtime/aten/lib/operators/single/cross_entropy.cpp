// A composition: autograd, vmap and compilers see two rowwise operators.
#include "operators/single/cross_entropy.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

namespace gems::aten {
namespace {

using at::Tensor;

void check(const Tensor& logits, const Tensor& target, const std::string& reduction) {
  TORCH_CHECK(reduction == "mean" || reduction == "sum" || reduction == "none",
              "op 'cross_entropy': operand 'reduction' is '", reduction, "'; expected 'mean', 'sum' or 'none'");
  TORCH_CHECK(c10::isIntegralType(target.scalar_type(), /*includeBool=*/false),
              "op 'cross_entropy': operand 'target' is ", target.scalar_type(),
              "; expected integers, the indices of classes; torch.nn.functional.cross_entropy takes probabilities");
  TORCH_CHECK(logits.dim() > 0,
              "op 'cross_entropy': operand 'logits' has no dimensions; expected [C], [N, C] or "
              "[N, C, d1, ...]");
  TORCH_CHECK(target.dim() == logits.dim() - 1, "op 'cross_entropy': operand 'target' has shape ", target.sym_sizes(),
              ", expected that of 'logits', which is ", logits.sym_sizes(), ", without its dimension of classes");
}

Tensor cross_entropy(const Tensor& logits, const Tensor& target, const std::optional<Tensor>& weight,
                     c10::string_view reduction_view, std::int64_t ignore_index, double label_smoothing) {
  const std::string reduction(reduction_view);
  check(logits, target, reduction);
  using Rows = std::tuple<Tensor, Tensor, Tensor>(const Tensor&, const Tensor&, const std::optional<Tensor>&,
                                                  const at::Scalar&, const at::Scalar&, at::IntArrayRef, bool);
  static const auto rows = c10::Dispatcher::singleton().findSchemaOrThrow("gems::cross_entropy_rows", "").typed<Rows>();
  const std::int64_t classes = logits.dim() == 1 ? 0 : 1;
  const auto [losses, weights, log_sums] =
      rows.call(logits, target, weight, label_smoothing, ignore_index, classes, false);
  if (reduction == "none") return losses.to(logits.scalar_type());
  using Total = std::tuple<Tensor, Tensor>(const Tensor&, const Tensor&, c10::string_view, at::IntArrayRef, bool);
  static const auto total = c10::Dispatcher::singleton().findSchemaOrThrow("gems::nll_loss_total", "").typed<Total>();
  const std::int64_t rows_dim = 0;
  const Tensor loss = std::get<0>(total.call(losses.reshape({-1}), weights.reshape({-1}), reduction, rows_dim, false));
  return loss.to(logits.scalar_type());
}

}  // namespace

void register_cross_entropy(torch::Library& library) {
  library.def(
      "cross_entropy(Tensor logits, Tensor target, Tensor? weight=None, str reduction=\"mean\", "
      "int ignore_index=-100, float label_smoothing=0.0) -> Tensor",
      {at::Tag::pt2_compliant_tag});
  library.impl("cross_entropy", torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd, TORCH_FN(cross_entropy)));
}

}  // namespace gems::aten
