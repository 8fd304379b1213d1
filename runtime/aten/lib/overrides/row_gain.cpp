// The ops of which some calls are slower: each with what tells them.
#include "overrides/row_gain.h"

#include <c10/core/ScalarType.h>

#include <utility>

#include "gems/ops/catalogue.h"

namespace gems::aten {
namespace {

bool is_half(const RowCall& call) {
  const at::ScalarType dtype = call.self().scalar_type();
  return dtype == at::kHalf || dtype == at::kBFloat16;
}

bool is_integral(const RowCall& call) { return c10::isIntegralType(call.self().scalar_type(), /*includeBool=*/true); }

// Whether neighbours in memory belong to neighbouring rows.
bool is_across(const RowCall& call) {
  const at::Tensor& self = call.self();
  for (std::int64_t d = 0; d < self.dim(); ++d)
    if (self.stride(d) == 1 && self.size(d) > 1) return (call.rows.reduced >> d & 1) == 0;
  return false;
}

bool is_slow_sum(const RowCall& call) {
  return is_half(call) ? is_across(call) : !is_integral(call) || call.self().scalar_type() == at::kLong;
}
bool is_slow_mean(const RowCall& call) { return !is_half(call); }
bool is_slow_product(const RowCall& call) { return !is_half(call) && !is_integral(call); }
bool is_slow_extreme(const RowCall& call) { return !is_half(call) && call.self().scalar_type() != at::kBool; }
bool is_slow_truth(const RowCall& call) { return call.self().scalar_type() == at::kByte; }
bool is_slow_log_sum(const RowCall& call) { return call.self().scalar_type() == at::kDouble; }

using IsSlow = bool (*)(const RowCall&);

IsSlow is_slow_of(const OpDef* op) {
  static const std::pair<const OpDef*, IsSlow> known[] = {
      {&ops::find_or_throw("softmax_backward"), is_across}, {&ops::find_or_throw("sum"), is_slow_sum},
      {&ops::find_or_throw("sum_wide"), is_slow_sum},       {&ops::find_or_throw("mean"), is_slow_mean},
      {&ops::find_or_throw("prod"), is_slow_product},       {&ops::find_or_throw("amax"), is_slow_extreme},
      {&ops::find_or_throw("amin"), is_slow_extreme},       {&ops::find_or_throw("all"), is_slow_truth},
      {&ops::find_or_throw("any"), is_slow_truth},          {&ops::find_or_throw("logsumexp"), is_slow_log_sum},
  };
  for (const auto& [each, is_slow] : known)
    if (each == op) return is_slow;
  return nullptr;
}

}  // namespace

bool is_faster_in_aten(const RowCall& call) {
  if (!call.self().is_cpu()) return false;
  const IsSlow is_slow = is_slow_of(call.op);
  return is_slow != nullptr && is_slow(call);
}

}  // namespace gems::aten
