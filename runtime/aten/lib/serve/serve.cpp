// serve(): looks the call's geometry up in this thread's table, allocates the results, launches.
#include "gems/aten/serve.h"

#include "first_call/first_call.h"
#include "first_call/number_checks.h"
#include "gems/dsl/error.h"
#include "gems/runtime/plan.h"
#include "gems/runtime/settings.h"
#include "geometry/call_geometry.h"
#include "geometry/plan_entry.h"
#include "torch/allocate.h"
#include "torch/device_scope.h"
#include "torch/stream.h"
#include "torch/warn_once.h"

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

void compute(const Request& request, const CallGeometry& geometry, const PlanEntry& entry) {
  std::array<void*, MaxOperands + MaxResults> tensors;
  std::size_t count = 0;
  for (void* address : geometry.addresses()) tensors[count++] = address;
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    at::Tensor& result = request.results[r];
    if (result.defined()) {
      tensors[count++] = geometry.result_address(r);
      continue;
    }
    const DeviceScope scope(geometry.device());
    result = allocate(entry.results[r], geometry.device());
    tensors[count++] = result.unsafeGetTensorImpl()->unsafe_storage().unsafeGetStorageImpl()->mutable_data();
  }
  if (entry.plan == nullptr) return;
  launch(*entry.plan, {tensors.data(), count}, geometry.numbers(), current_stream(geometry.device()));
}

}  // namespace

std::optional<DeclineReason> serve(const Request& request) {
  CallGeometry geometry;
  if (auto reason = geometry.collect(request)) return reason;

  PlanTable& table = PlanTable::of_this_thread();
  const PlanEntry* entry = table.find(geometry);
  FirstCall made;
  if (entry == nullptr) [[unlikely]] {
    const DeviceScope scope(geometry.device());
    made = first_call(request, geometry);
    entry = made.entry.get();
    if (made.keep) table.insert(made.entry);
  }
  if (entry->declined) return entry->declined;
  const CallInside inside(*entry);
  if (auto reason = check_numbers(request, geometry, *entry)) return reason;
  try {
    compute(request, geometry, *entry);
  } catch (const Error& error) {
    if (request.raise || settings().strict) throw;
    warn_failure_once(*request.op, error.what());
    return DeclineReason::Internal;
  }
  return std::nullopt;
}

}  // namespace gems::aten
