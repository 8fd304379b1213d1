// at::RecordFunction as the runtime's observer of ranges.
#include "torch/profiler_ranges.h"

#include <ATen/record_function.h>

#include "gems/runtime/ranges.h"

namespace gems::aten {
namespace {

void* begin(std::string_view name) {
  auto callbacks = at::getStepCallbacksUnlessEmpty(at::RecordScope::USER_SCOPE);
  if (!callbacks) return nullptr;
  auto* range = new at::RecordFunction(std::move(*callbacks));
  range->before(name);
  return range;
}

void end(void* range) { delete static_cast<at::RecordFunction*>(range); }

constexpr RangeObserver observer{.begin = begin, .end = end};

}  // namespace

void use_torch_profiler() { set_range_observer(&observer); }

}  // namespace gems::aten
