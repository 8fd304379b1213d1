// Registers the overrides, once, below autograd; refuses operators whose gradient would be lost.
#include "overrides/registration.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <mutex>
#include <vector>

#include "gems/dsl/error.h"
#include "overrides/table/override_table.h"

namespace gems::aten {
namespace {

// Swallows the dispatcher's warning about our own registration, hands everything else on.
class OwnOverrideWarnings final : public c10::WarningHandler {
 public:
  explicit OwnOverrideWarnings(c10::WarningHandler* next) : next_(next) {}
  void process(const c10::Warning& warning) override {
    if (warning.msg().find("Overriding a previously registered kernel") == std::string::npos) next_->process(warning);
  }

 private:
  c10::WarningHandler* next_;
};

}  // namespace

std::optional<std::string> refusal(std::string_view aten_name, std::string_view overload_name) {
  const auto op = c10::Dispatcher::singleton().findSchema({std::string(aten_name), std::string(overload_name)});
  if (!op) return "PyTorch has no such operator";
  // With a kernel of its own for autograd, the composite kernel only serves backends without one.
  if (op->hasKernelForDispatchKey(c10::DispatchKey::CompositeImplicitAutograd) &&
      !op->hasKernelForDispatchKey(c10::DispatchKey::Autograd))
    return "it is composite: autograd differentiates what it calls, and so it reaches gems through those operators";
  return std::nullopt;
}

void register_overrides() {
  static std::once_flag once;
  std::call_once(once, [] {
    OwnOverrideWarnings handler(c10::WarningUtils::get_warning_handler());
    const c10::WarningUtils::WarningHandlerGuard guard(&handler);
    // Otherwise the dispatcher's once-only warning would be spent on us, and somebody else's override stay silent.
    const c10::WarningUtils::WarnAlways always;
    // Never taken back: another thread may be inside a kernel until the process ends.
    static auto* handles = new std::vector<c10::RegistrationHandleRAII>;
    for (TableRow& row : override_table()) {
      if (const auto why = refusal(row.aten_name, row.overload_name))
        throw Error(fmt::format("override table: {} cannot be overridden: {}", row.override.name(), *why));
      for (const c10::DispatchKey key : {c10::DispatchKey::CPU, c10::DispatchKey::CUDA}) {
        c10::KernelFunction kernel = row.make_kernel(row.override, key);
        if (!kernel.isValid()) continue;
        handles->push_back(c10::Dispatcher::singleton().registerImpl({row.aten_name, row.overload_name}, key,
                                                                     std::move(kernel), std::nullopt, nullptr, "gems"));
      }
    }
  });
}

}  // namespace gems::aten
