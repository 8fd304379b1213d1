// One op finds the losses of the rows, or writes their gradients; another adds losses and weights up.
#include "overrides/composed/nll_loss.h"

#include <ATen/core/Reduction.h>

#include <array>

#include "gems/ops/nll_loss.h"
#include "overrides/composed/composed_operands.h"

namespace gems::aten {
namespace {

// ATen's kernels touch one element of a row; on the CPU those of gems lose time on large calls: on one core of an AMD
// EPYC 8192 x 100 f32 take 125 us, ATen's 30 to 55, the gradients 430 and 134.
constexpr std::int64_t MostRowsOnCpu = 1024;
constexpr std::int64_t MostElementsOfGradientOnCpu = 1 << 16;

// A call that ATen would not refuse for its dtypes and shapes.
struct Rows {
  bool has_rows = false;  // x is [N, C], not [C]
  std::int64_t classes = 0;
  at::DimVector sizes;  // of what has one value for each row
  const at::Tensor* weight = nullptr;
  at::Scalar ignored;

  std::uint64_t reduced() const { return has_rows ? 0b10 : 0b1; }
  CallArgument weights() const { return weight != nullptr ? CallArgument(*weight) : CallArgument::absent(); }
};

template <class Index>
bool are_classes(const at::Tensor& target, std::int64_t classes, std::int64_t ignored) {
  const auto* next = static_cast<const Index*>(target.const_data_ptr());
  const std::int64_t stride = target.dim() == 0 ? 0 : target.stride(0);
  for (std::int64_t i = 0; i < target.numel(); ++i, next += stride)
    if (const auto index = static_cast<std::int64_t>(*next); (index < 0 || index >= classes) && index != ignored)
      return false;
  return true;
}

std::optional<DeclineReason> describe(const at::Tensor& x, const at::Tensor& target, const at::Tensor* weight,
                                      std::int64_t reduction, const c10::SymInt& ignore_index, Rows& rows) {
  const at::ScalarType dtype = x.scalar_type();
  const at::ScalarType kind = target.scalar_type();
  if (!at::isFloatingType(dtype) || (kind != at::kLong && kind != at::kByte)) return DeclineReason::Dtype;
  if (weight != nullptr && weight->scalar_type() != dtype) return DeclineReason::Dtype;
  const auto ignored = ignore_index.maybe_as_int();
  if (!ignored) return DeclineReason::Arguments;
  if (reduction < at::Reduction::None || reduction >= at::Reduction::END) return DeclineReason::AtenRaises;
  if (x.dim() < 1 || x.dim() > 2 || target.dim() > 1) return DeclineReason::AtenRaises;
  if (target.dim() != x.dim() - 1) return DeclineReason::Arguments;  // versions of ATen differ
  rows.has_rows = x.dim() == 2;
  rows.classes = x.size(-1);
  rows.weight = weight;
  rows.ignored = *ignored;
  if (rows.has_rows) rows.sizes.push_back(x.size(0));
  if (target.sizes() != at::IntArrayRef(rows.sizes)) return DeclineReason::AtenRaises;
  if (weight != nullptr && (weight->dim() != 1 || weight->size(0) != rows.classes)) return DeclineReason::AtenRaises;
  if (!target.is_cpu()) return std::nullopt;
  const bool are_right = kind == at::kLong ? are_classes<std::int64_t>(target, rows.classes, *ignored)
                                           : are_classes<std::uint8_t>(target, rows.classes, *ignored);
  if (!are_right) return DeclineReason::AtenRaises;
  return std::nullopt;
}

}  // namespace

std::optional<DeclineReason> compute_nll_loss(OpRunner& run, std::span<at::Tensor> results, const at::Tensor& x,
                                              const at::Tensor& target, const std::optional<at::Tensor>& weight,
                                              std::int64_t reduction, const c10::SymInt& ignore_index) {
  const at::Tensor* const weights = tensor_or_null(weight);
  Rows rows;
  if (auto reason = check_plain({&x, &target, weights})) return reason;
  if (auto reason = describe(x, target, weights, reduction, ignore_index, rows)) return reason;
  if (x.is_cpu() && target.numel() > MostRowsOnCpu) return DeclineReason::NotFaster;
  const bool is_mean = reduction == at::Reduction::Mean;
  // ATen's mean of one ignored loss is NaN on the CPU and 0 on CUDA.
  if (is_mean && !rows.has_rows && !x.is_cpu()) return DeclineReason::Arguments;

  const at::ScalarType dtype = x.scalar_type();
  const bool is_each = rows.has_rows && reduction == at::Reduction::None;
  if (auto reason = check_given(results[0], is_each ? at::IntArrayRef(rows.sizes) : at::IntArrayRef(), dtype))
    return reason;
  if (auto reason = check_given(results[1], {}, dtype)) return reason;
  const std::array operands{CallArgument(x), CallArgument(target), rows.weights(), CallArgument(rows.ignored)};
  at::Tensor& total = results[1];
  if (is_each) {
    if (auto reason = run(ops::nll_loss_op, operands, results.first(1), rows.reduced())) return reason;
    allocate_if_missing(total, {}, dtype, x.device());
    total.zero_();
    return std::nullopt;
  }
  for (at::Tensor& result : results) allocate_if_missing(result, {}, dtype, x.device());
  if (!rows.has_rows && !is_mean) return run(ops::nll_loss_and_weight_op, operands, results, rows.reduced());
  std::array<at::Tensor, 2> each;
  if (auto reason = run(ops::nll_loss_and_weight_op, operands, each, rows.reduced())) return reason;
  const std::array sums{CallArgument(each[0]), CallArgument(each[1]),
                        CallArgument(FlagValue(is_mean ? "mean" : "sum"))};
  return run(ops::nll_loss_total_op, sums, results, rows.has_rows ? 0b1 : 0b0);
}

std::optional<DeclineReason> compute_nll_loss_gradient(OpRunner& run, std::span<at::Tensor> results,
                                                       const at::Tensor& grad, const at::Tensor& x,
                                                       const at::Tensor& target,
                                                       const std::optional<at::Tensor>& weight, std::int64_t reduction,
                                                       const c10::SymInt& ignore_index,
                                                       const at::Tensor& total_weight) {
  const at::Tensor* const weights = tensor_or_null(weight);
  Rows rows;
  if (auto reason = check_plain({&grad, &x, &target, weights, &total_weight})) return reason;
  if (auto reason = describe(x, target, weights, reduction, ignore_index, rows)) return reason;
  if (x.is_cpu() && x.numel() > MostElementsOfGradientOnCpu) return DeclineReason::NotFaster;
  const at::ScalarType dtype = x.scalar_type();
  if (grad.scalar_type() != dtype || total_weight.scalar_type() != dtype) return DeclineReason::Dtype;
  if (total_weight.numel() != 1) return DeclineReason::AtenRaises;
  const bool is_each = rows.has_rows && reduction == at::Reduction::None;
  if (is_each ? grad.sizes() != at::IntArrayRef(rows.sizes) : grad.dim() > 1 || grad.numel() != 1)
    return DeclineReason::AtenRaises;
  if (auto reason = check_given(results[0], x.sizes(), dtype)) return reason;

  const at::Tensor of_rows = is_each ? grad : repeated(grad, rows.sizes);
  const at::Tensor total = repeated(total_weight, rows.sizes);
  const bool is_mean = reduction == at::Reduction::Mean;
  const std::array operands{CallArgument(of_rows),
                            CallArgument(x),
                            CallArgument(target),
                            rows.weights(),
                            is_mean ? CallArgument(total) : CallArgument::absent(),
                            CallArgument(rows.ignored)};
  return run(ops::nll_loss_gradient_op, operands, results, rows.reduced());
}

}  // namespace gems::aten
