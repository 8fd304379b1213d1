// Serving one call of an overload, and counting it.
#include "overrides/override.h"

#include "gems/ops/catalogue.h"

namespace gems::aten {

Override::Override(std::string name, const OverrideRow& row, std::size_t index)
    : name_(std::move(name)),
      op_(&ops::find_or_throw(row.op)),
      rules_(row.rules),
      arrange_(row.arrange),
      index_(index) {}

bool Override::serve(OverrideCall& call, std::span<at::Tensor> results, AtenProbe aten_probe) {
  call.op = op_;
  std::optional<DeclineReason> reason;
  if (arrange_ != nullptr) reason = arrange_(*this, call);
  if (!reason) {
    const Request request{.op = call.op,
                          .arguments = call.arguments,
                          .results = results,
                          .rules = rules_,
                          .call_site = static_cast<std::uint32_t>(index_ + 1),
                          .aten_probe = &aten_probe,
                          .compiles = &counts_.compiles,
                          .compile_us = &counts_.compile_us};
    reason = aten::serve(request);
  }
  if (reason)
    counts_.declined[static_cast<std::size_t>(*reason)].fetch_add(1, std::memory_order_relaxed);
  else
    counts_.served.fetch_add(1, std::memory_order_relaxed);
  return !reason;
}

}  // namespace gems::aten
