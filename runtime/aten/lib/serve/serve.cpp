// serve(): looks the call's geometry up in this thread's table, allocates the results, launches.
#include "gems/aten/serve.h"

#include "first_call/first_call.h"
#include "first_call/number_checks.h"
#include "gems/dsl/error.h"
#include "gems/runtime/plan.h"
#include "gems/runtime/settings.h"
#include "geometry/call_geometry.h"
#include "geometry/plan_entry.h"
#include "switches/warn_once.h"
#include "torch/allocate.h"
#include "torch/device_scope.h"
#include "torch/stream.h"

namespace gems::aten {
namespace {

class CallInside {
 public:
  explicit CallInside(const PlanEntry& entry) : entry_(entry) { ++entry_.calls_inside; }
  ~CallInside() { --entry_.calls_inside; }
  CallInside(const CallInside&) = delete;
  CallInside& operator=(const CallInside&) = delete;

 private:
  const PlanEntry& entry_;
};

// ATen resizes a given result that has no elements. One that has memory may share it with an operand.
std::optional<DeclineReason> resize_results(const Request& request, const PlanEntry& entry) {
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    if ((entry.resized >> r & 1) == 0) continue;
    if (request.results[r].storage().nbytes() != 0) return DeclineReason::OutputShape;
  }
  for (std::size_t r = 0; r < request.results.size(); ++r)
    if ((entry.resized >> r & 1) != 0) request.results[r].resize_(entry.results[r].sizes);
  return std::nullopt;
}

void compute(const Request& request, const CallGeometry& geometry, const PlanEntry& entry) {
  std::array<void*, MaxOperands + MaxResults + 1> tensors;
  std::size_t count = 0;
  for (void* address : geometry.addresses()) tensors[count++] = address;
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    at::Tensor& result = request.results[r];
    if (result.defined()) {
      const bool is_resized = (entry.resized >> r & 1) != 0;
      tensors[count++] = is_resized ? result.mutable_data_ptr() : geometry.result_address(r);
      continue;
    }
    const DeviceScope scope(geometry.device());
    result = allocate(entry.results[r], geometry.device());
    tensors[count++] = result.unsafeGetTensorImpl()->unsafe_storage().unsafeGetStorageImpl()->mutable_data();
  }
  if (entry.plan == nullptr) return;
  c10::DataPtr scratch;  // its memory is reused behind this stream's kernels
  if (const std::size_t bytes = scratch_bytes(*entry.plan)) {
    const DeviceScope scope(geometry.device());
    scratch = allocate_scratch(bytes);
    tensors[count++] = scratch.get();
  }
  launch(*entry.plan, {tensors.data(), count}, geometry.numbers(), current_stream(geometry.device()));
}

std::optional<DeclineReason> compute_entry(const Request& request, const CallGeometry& geometry, const PlanEntry& entry,
                                           bool is_checked) {
  if (entry.declined) return entry.declined;
  const CallInside inside(entry);
  if (!is_checked && entry.checks != nullptr)
    if (auto reason = check_numbers(request, geometry, *entry.checks)) return reason;
  if (entry.resized != 0) [[unlikely]]
    if (auto reason = resize_results(request, entry)) return reason;
  try {
    compute(request, geometry, entry);
  } catch (const Error& error) {
    if (request.raise || settings().strict) throw;
    warn_failure_once(request.op->name, error.what());
    return DeclineReason::Internal;
  }
  return std::nullopt;
}

// A geometry that is not in the table.
[[gnu::noinline]] std::optional<DeclineReason> serve_new(const Request& request, const CallGeometry& geometry,
                                                         PlanTable& table) {
  PlanEntry made;
  const bool keep = [&] {
    const DeviceScope scope(geometry.device());
    return first_call(request, geometry, made);
  }();
  return compute_entry(request, geometry, keep ? table.insert(geometry, made) : made, /*is_checked=*/true);
}

}  // namespace

std::optional<DeclineReason> serve(const Request& request) {
  CallGeometry geometry;
  if (auto reason = geometry.collect(request)) return reason;
  PlanTable& table = PlanTable::of_this_thread();
  const PlanEntry* entry = table.find(geometry);
  if (entry == nullptr) [[unlikely]]
    return serve_new(request, geometry, table);
  return compute_entry(request, geometry, *entry, /*is_checked=*/false);
}

}  // namespace gems::aten
