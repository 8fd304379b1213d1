// Serving one call of an overload, and counting it.
#include "overrides/override.h"

#include "gems/ops/catalogue.h"
#include "overrides/row_call.h"
#include "overrides/row_gain.h"
#include "products/padded_product.h"

namespace gems::aten {

Override::Override(std::string name, const OverrideRow& row, std::size_t index)
    : name_(std::move(name)),
      op_(row.op.empty() ? nullptr : &ops::find_or_throw(row.op)),
      rules_(row.rules),
      arrange_(row.arrange),
      row_arrange_(row.row_arrange),
      index_(index) {}

Request Override::request(const OpDef& op, std::span<const CallArgument> arguments, std::span<at::Tensor> results,
                          const AtenProbe& aten_probe) {
  return {.op = &op,
          .arguments = arguments,
          .results = results,
          .rules = rules_,
          .call_site = static_cast<std::uint32_t>(index_ + 1),
          .aten_probe = &aten_probe,
          .compiles = &counts_.compiles,
          .compile_us = &counts_.compile_us};
}

bool Override::serve(OverrideCall& call, std::span<at::Tensor> results, AtenProbe aten_probe) {
  call.op = op_;
  std::optional<DeclineReason> reason;
  if (arrange_ != nullptr) reason = arrange_(*this, call);
  if (!reason) reason = aten::serve(request(*call.op, call.arguments, results, aten_probe));
  counts_.add(reason);
  return !reason;
}

bool Override::serve(RowCall& call, std::span<at::Tensor> results, AtenProbe aten_probe) {
  call.op = op_;
  std::optional<DeclineReason> reason;
  // A subclass may have no sizes; serve() would decline it by its kind.
  if (!call.self().defined()) reason = DeclineReason::Arguments;
  if (!reason) reason = row_arrange_(*this, call);
  if (!reason && is_faster_in_aten(call)) reason = DeclineReason::NotFaster;
  if (!reason) {
    Request made = request(*call.op, std::span(call.arguments).first(call.argument_count), results, aten_probe);
    made.rows = call.rows;
    reason = aten::serve(made);
  }
  counts_.add(reason);
  return !reason;
}

bool Override::serve(const ProductCall& call, at::Tensor& result) {
  const auto reason = multiply_faster(call, result, counts_);
  counts_.add(reason);
  return !reason;
}

bool Override::serve(ComposedCall call) {
  OpRunner run(counts_);
  const auto reason = call(run);
  counts_.add(reason);
  return !reason;
}

}  // namespace gems::aten
