// What a call's time depends on beside its op: dtype, how long rows are, and whether they lie along memory. How many
// rows there are is not asked: a row's bits would depend on it.
#include "overrides/row_gain.h"

#include <c10/core/ScalarType.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "gems/ops/catalogue.h"

namespace gems::aten {
namespace {

// A row of fewer elements takes as long as a vector.
constexpr std::int64_t ShortRow = 32;

at::ScalarType dtype_of(const RowCall& call) { return call.self().scalar_type(); }

bool is_half(const RowCall& call) { return dtype_of(call) == at::kHalf || dtype_of(call) == at::kBFloat16; }

bool is_integral(const RowCall& call) { return c10::isIntegralType(dtype_of(call), /*includeBool=*/true); }

// Whether neighbours in memory belong to neighbouring rows. Of one row, whether they would if there were more.
bool is_across(const RowCall& call) {
  const at::Tensor& self = call.self();
  std::int64_t innermost = -1;
  for (std::int64_t d = 0; d < self.dim(); ++d)
    if (self.stride(d) > 0 && (innermost < 0 || self.stride(d) <= self.stride(innermost))) innermost = d;
  return innermost >= 0 && (call.rows.reduced >> innermost & 1) == 0;
}

bool has_short_rows(const RowCall& call) {
  std::int64_t length = 1;
  for (std::int64_t d = 0; d < call.self().dim(); ++d)
    if ((call.rows.reduced >> d & 1) != 0) length *= call.self().size(d);
  return length < 2 || (length < ShortRow && !is_across(call));
}

bool is_never(const RowCall&) { return false; }
bool is_slow_across(const RowCall& call) { return is_across(call) || has_short_rows(call); }
bool is_slow_sum(const RowCall& call) {
  if (is_half(call)) return is_slow_across(call);
  return !is_integral(call) || dtype_of(call) == at::kLong || has_short_rows(call);
}
bool is_slow_mean(const RowCall& call) { return !is_half(call) || has_short_rows(call); }
bool is_slow_product(const RowCall& call) { return (!is_half(call) && !is_integral(call)) || has_short_rows(call); }
bool is_slow_extreme(const RowCall& call) {
  return (!is_half(call) && dtype_of(call) != at::kBool) || has_short_rows(call);
}
bool is_slow_truth(const RowCall& call) { return dtype_of(call) == at::kByte || has_short_rows(call); }
bool is_slow_log_sum(const RowCall& call) { return dtype_of(call) == at::kDouble || has_short_rows(call); }

using IsSlow = bool (*)(const RowCall&);

IsSlow is_slow_of(const OpDef* op) {
  static const std::pair<const OpDef*, IsSlow> known[] = {
      {&ops::find_or_throw("softmax_backward"), is_slow_across},
      {&ops::find_or_throw("sum"), is_slow_sum},
      {&ops::find_or_throw("sum_wide"), is_slow_sum},
      {&ops::find_or_throw("mean"), is_slow_mean},
      {&ops::find_or_throw("prod"), is_slow_product},
      {&ops::find_or_throw("amax"), is_slow_extreme},
      {&ops::find_or_throw("amin"), is_slow_extreme},
      {&ops::find_or_throw("all"), is_slow_truth},
      {&ops::find_or_throw("any"), is_slow_truth},
      {&ops::find_or_throw("logsumexp"), is_slow_log_sum},
      {&ops::find_or_throw("var_in_f64"), is_never},
      {&ops::find_or_throw("std_in_f64"), is_never},
      {&ops::find_or_throw("var_mean_in_f64"), is_never},
      {&ops::find_or_throw("std_mean_in_f64"), is_never},
  };
  for (const auto& [each, is_slow] : known)
    if (each == op) return is_slow;
  return has_short_rows;
}

// Along neighbouring rows ATen's kernels are as fast on CUDA, and those of narrow elements faster.
bool is_slow_on_cuda(const RowCall& call) {
  static const OpDef* const accumulated[] = {
      &ops::find_or_throw("sum"),
      &ops::find_or_throw("sum_wide"),
      &ops::find_or_throw("mean"),
      &ops::find_or_throw("mean_wide"),
      &ops::find_or_throw("prod"),
      &ops::find_or_throw("all"),
      &ops::find_or_throw("any"),
      &ops::find_or_throw("count_nonzero"),
      &ops::find_or_throw("vector_norm_0"),
      &ops::find_or_throw("vector_norm_1"),
      &ops::find_or_throw("vector_norm_2"),
      &ops::find_or_throw("vector_norm_inf"),
      &ops::find_or_throw("vector_norm_minus_inf"),
      &ops::find_or_throw("var"),
      &ops::find_or_throw("std"),
      &ops::find_or_throw("var_mean"),
      &ops::find_or_throw("std_mean"),
      &ops::find_or_throw("logsumexp"),
  };
  if (std::ranges::find(accumulated, call.op) == std::end(accumulated)) return false;
  return has_short_rows(call) || is_across(call);
}

}  // namespace

bool is_faster_in_aten(const RowCall& call) {
  return call.self().is_cpu() ? is_slow_of(call.op)(call) : is_slow_on_cuda(call);
}

}  // namespace gems::aten
