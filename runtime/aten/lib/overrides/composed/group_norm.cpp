// Statistics or sums by rowwise ops, then one pass over the elements.
#include "overrides/composed/group_norm.h"

#include "gems/ops/group_norm.h"
#include "overrides/composed/composed_operands.h"
#include "torch/undispatched_view.h"

namespace gems::aten {
namespace {

// Reduced dimensions.
constexpr std::uint64_t AlongSamples = 0b1;     // of [samples, channels]
constexpr std::uint64_t AlongGroup = 0b100;     // of [samples, groups, elements of a group]
constexpr std::uint64_t AlongChannels = 0b100;  // of [samples, groups, channels]
constexpr std::uint64_t AlongPlaces = 0b1000;   // of [samples, groups, channels, places]

// ATen's kernels are faster where a channel has fewer places.
constexpr std::int64_t LeastPlaces = 32;  // on CUDA
constexpr std::int64_t LeastPlacesOnCpu = 64, LeastPlacesOfGradientOnCpu = 256;

CallArgument given_or_absent(const at::Tensor& tensor) {
  return tensor.defined() ? CallArgument(tensor) : CallArgument::absent();
}

bool is_half(at::ScalarType dtype) { return dtype == at::kHalf || dtype == at::kBFloat16; }

// x as [samples, groups, channels of a group, places], and what varies along some of these dimensions.
struct Groups {
  std::int64_t samples = 0, groups = 0, channels = 0, places = 0;

  std::int64_t all_channels() const { return groups * channels; }

  // Rows are channels.
  at::Tensor elements(const at::Tensor& contiguous) const {
    const std::int64_t of_group = channels * places;
    return view(contiguous, {samples, groups, channels, places}, {groups * of_group, of_group, places, 1});
  }
  at::Tensor of_groups(const at::Tensor& contiguous) const {
    return view(contiguous, {samples, groups, channels}, {groups, 1, 0});
  }
  at::Tensor of_channels(const at::Tensor& vector) const {
    return view(vector, {samples, groups, channels}, {0, channels * vector.stride(0), vector.stride(0)});
  }
  // Rows are groups.
  at::Tensor rows_of_groups(const at::Tensor& contiguous) const {
    const std::int64_t of_group = channels * places;
    return view(contiguous, {samples, groups, of_group}, {groups * of_group, of_group, 1});
  }
  // Rows along samples.
  at::Tensor rows_of_samples(const at::Tensor& contiguous) const {
    return view(contiguous, {samples, all_channels()}, {all_channels(), 1});
  }

 private:
  static at::Tensor view(const at::Tensor& base, at::IntArrayRef sizes, at::IntArrayRef strides) {
    return undispatched_view(base, base.scalar_type(), sizes, strides, base.storage_offset());
  }
};

std::optional<DeclineReason> describe(const at::Tensor& x, const c10::SymInt& samples, const c10::SymInt& channels,
                                      const c10::SymInt& places, std::int64_t groups, Groups& of) {
  const auto n = samples.maybe_as_int(), c = channels.maybe_as_int(), p = places.maybe_as_int();
  if (!n || !c || !p) return DeclineReason::Arguments;
  if (groups <= 0 || *c % groups != 0 || x.numel() != *n * *c * *p) return DeclineReason::AtenRaises;
  if (!at::isFloatingType(x.scalar_type())) return DeclineReason::Dtype;
  if (x.numel() == 0) return DeclineReason::Arguments;
  if (x.is_cpu() && x.suggest_memory_format() != at::MemoryFormat::Contiguous) return DeclineReason::Arguments;
  of = {.samples = *n, .groups = groups, .channels = *c / groups, .places = *p};
  return std::nullopt;
}

// The CPU takes f32 parameters and statistics beside elements of two bytes.
bool goes_with(at::ScalarType parameters, const at::Tensor& x) {
  return parameters == x.scalar_type() || (x.is_cpu() && is_half(x.scalar_type()) && parameters == at::kFloat);
}

// A vector with one value for each channel, or none.
std::optional<DeclineReason> check_parameter(const at::Tensor* parameter, at::ScalarType dtype, const Groups& of) {
  if (parameter == nullptr) return std::nullopt;
  if (parameter->scalar_type() != dtype) return DeclineReason::Dtype;
  if (parameter->dim() != 1 || parameter->size(0) != of.all_channels()) return DeclineReason::AtenRaises;
  return std::nullopt;
}

}  // namespace

std::optional<DeclineReason> compute_group_norm(OpRunner& run, std::span<at::Tensor> results, const at::Tensor& x,
                                                const std::optional<at::Tensor>& weight,
                                                const std::optional<at::Tensor>& bias, const c10::SymInt& samples,
                                                const c10::SymInt& channels, const c10::SymInt& places,
                                                std::int64_t groups, double eps) {
  const at::Tensor* const by = tensor_or_null(weight);
  const at::Tensor* const plus = tensor_or_null(bias);
  Groups of;
  if (auto reason = check_plain({&x, by, plus})) return reason;
  if (auto reason = describe(x, samples, channels, places, groups, of)) return reason;
  const at::ScalarType dtype = x.scalar_type();
  const at::ScalarType parameters = by != nullptr ? by->scalar_type() : plus != nullptr ? plus->scalar_type() : dtype;
  if (!goes_with(parameters, x)) return DeclineReason::Dtype;
  for (const at::Tensor* parameter : {by, plus})
    if (auto reason = check_parameter(parameter, parameters, of)) return reason;

  if (!x.is_contiguous()) return DeclineReason::Arguments;  // versions of ATen differ
  if (of.places < (x.is_cpu() ? LeastPlacesOnCpu : LeastPlaces)) return DeclineReason::NotFaster;

  const at::Tensor rows = of.rows_of_groups(x);
  const at::Scalar wide_eps(eps);
  const std::array of_rows{CallArgument(rows), CallArgument(wide_eps)};
  // Mean and rstd as they are returned, and then as they are used.
  std::array<at::Tensor, 4> statistics;
  const bool are_rounded = is_half(parameters);
  const OpDef& op = are_rounded ? ops::group_norm_statistics_rounded_op : ops::group_norm_statistics_op;
  if (auto reason = run(op, of_rows, std::span(statistics).first(are_rounded ? 4 : 2), AlongGroup)) return reason;

  allocate_if_missing(results[0], x.sizes(), dtype, x.device());
  const at::Tensor elements = of.elements(x);
  const at::Tensor mean = of.of_groups(statistics[are_rounded ? 2 : 0]);
  const at::Tensor rstd = of.of_groups(statistics[are_rounded ? 3 : 1]);
  const at::Tensor weights = by != nullptr ? of.of_channels(*by) : at::Tensor();
  const at::Tensor biases = plus != nullptr ? of.of_channels(*plus) : at::Tensor();
  const std::array operands{CallArgument(elements), CallArgument(mean), CallArgument(rstd), given_or_absent(weights),
                            given_or_absent(biases)};
  at::Tensor written = of.elements(results[0]);
  if (auto reason = run(ops::group_norm_elements_op, operands, {&written, 1}, AlongPlaces)) return reason;
  results[1] = std::move(statistics[0]);
  results[2] = std::move(statistics[1]);
  return std::nullopt;
}

std::optional<DeclineReason> compute_group_norm_gradient(
    OpRunner& run, std::span<at::Tensor> results, const at::Tensor& grad, const at::Tensor& x, const at::Tensor& mean,
    const at::Tensor& rstd, const std::optional<at::Tensor>& weight, const c10::SymInt& samples,
    const c10::SymInt& channels, const c10::SymInt& places, std::int64_t groups, const std::array<bool, 3>& wanted) {
  const at::Tensor* const by = tensor_or_null(weight);
  Groups of;
  if (auto reason = check_plain({&grad, &x, &mean, &rstd, by})) return reason;
  if (auto reason = describe(x, samples, channels, places, groups, of)) return reason;
  const at::ScalarType dtype = x.scalar_type();
  const at::ScalarType parameters = mean.scalar_type();
  if (grad.scalar_type() != dtype || rstd.scalar_type() != parameters || !goes_with(parameters, x))
    return DeclineReason::Dtype;
  if (auto reason = check_parameter(by, parameters, of)) return reason;
  if (by == nullptr && (wanted[1] || wanted[2])) return DeclineReason::Arguments;  // versions of ATen differ
  if (grad.sizes() != x.sizes() || mean.numel() != of.samples * of.groups || rstd.numel() != mean.numel())
    return DeclineReason::AtenRaises;
  if (of.places < (x.is_cpu() ? LeastPlacesOfGradientOnCpu : LeastPlaces)) return DeclineReason::NotFaster;

  const at::Tensor dense = x.contiguous(), dense_grad = grad.contiguous();
  const at::Tensor means = mean.contiguous(), rstds = rstd.contiguous();
  const at::Tensor elements = of.elements(dense), incoming = of.elements(dense_grad);
  const at::Tensor group_mean = of.of_groups(means), group_rstd = of.of_groups(rstds);
  const std::array of_elements{CallArgument(incoming), CallArgument(elements), CallArgument(group_mean),
                               CallArgument(group_rstd)};
  std::array<at::Tensor, 2> sums;  // [samples, groups, channels]
  if (auto reason = run(ops::group_norm_sums_op, of_elements, sums, AlongPlaces)) return reason;

  if (wanted[1] || wanted[2]) {
    const at::Tensor normal_sums = of.rows_of_samples(sums[0]), grad_sums = of.rows_of_samples(sums[1]);
    const std::array of_samples{CallArgument(normal_sums), CallArgument(grad_sums)};
    std::array<at::Tensor, 2> gradients;
    for (at::Tensor& gradient : gradients) allocate_if_missing(gradient, {of.all_channels()}, parameters, x.device());
    if (auto reason = run(ops::group_norm_parameters_op, of_samples, gradients, AlongSamples)) return reason;
    for (const std::size_t which : {1, 2})
      if (wanted[which]) results[which] = std::move(gradients[which - 1]);
  }
  if (!wanted[0]) return std::nullopt;

  const at::Scalar count(static_cast<double>(of.channels * of.places));
  const at::Tensor weights = by != nullptr ? of.of_channels(*by) : at::Tensor();
  const std::array of_channels{CallArgument(sums[0]), CallArgument(sums[1]), given_or_absent(weights),
                               CallArgument(count)};
  std::array<at::Tensor, 2> group_means;  // [samples, groups]
  if (auto reason = run(ops::group_norm_means_op, of_channels, group_means, AlongChannels)) return reason;

  allocate_if_missing(results[0], x.sizes(), dtype, x.device());
  const at::Tensor normal_mean = of.of_groups(group_means[0]), grad_mean = of.of_groups(group_means[1]);
  const std::array operands{CallArgument(incoming),   CallArgument(elements),    CallArgument(group_mean),
                            CallArgument(group_rstd), CallArgument(normal_mean), CallArgument(grad_mean),
                            given_or_absent(weights)};
  at::Tensor written = of.elements(results[0]);
  return run(ops::group_norm_gradient_elements_op, operands, {&written, 1}, AlongPlaces);
}

}  // namespace gems::aten
