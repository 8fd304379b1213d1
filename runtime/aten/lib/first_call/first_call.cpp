// Builds the entry of a call geometry that this thread has not served yet.
#include "first_call/first_call.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>

#include "first_call/call_kind.h"
#include "first_call/number_checks.h"
#include "first_call/refusal_text.h"
#include "first_call/result_layout.h"
#include "first_call/rows/row_results.h"
#include "gems/aten/dtype.h"
#include "gems/compiler/layout.h"
#include "gems/dsl/error.h"
#include "gems/runtime/counters.h"
#include "gems/runtime/settings.h"
#include "switches/warn_once.h"
#include "torch/stream.h"

namespace gems::aten {
namespace {

void add_view(TensorViews& views, const at::Tensor& tensor, void* address) {
  TensorView& view = views.emplace_back();
  view.data = address;
  view.dtype = *to_dtype(tensor.scalar_type());
  view.sizes = tensor.sizes();
  view.strides = tensor.strides();
}

// Of the arguments in memory.
TensorViews argument_views(const Request& request, const CallGeometry& geometry) {
  TensorViews views;
  for (std::size_t i = 0; i < request.arguments.size(); ++i)
    if (geometry.in_memory(i)) add_view(views, *request.arguments[i].tensor, geometry.addresses()[views.size()]);
  return views;
}

bool has_no_elements(const TensorView& view) { return std::ranges::find(view.sizes, 0) != view.sizes.end(); }

// The results of a pointwise call: to the entry and to `results`. Nothing, or why ATen has to do the call.
std::optional<DeclineReason> add_results(const Request& request, const CallGeometry& geometry,
                                         const ResolvedTypes& types, PlanEntry& entry, TensorViews& results) {
  if (request.raise)
    check_shapes(request);
  else if (auto reason = check_given_results(request))
    return reason;
  ResultLayout layout;
  try {
    find_result_layout(request, layout);
  } catch (const c10::Error& error) {
    if (request.raise) throw Error(fmt::format("op '{}': {}", request.op->name, error.what_without_backtrace()));
    return DeclineReason::AtenRaises;
  }
  if (layout.rank > MaxRank) return DeclineReason::Rank;
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    const at::Tensor& given = request.results[r];
    if (given.defined()) {
      add_view(results, given, geometry.result_address(r));
      continue;
    }
    ResultGeometry& made = entry.results[r];
    made.set(layout.sizes, layout.strides, to_scalar_type(types.result[r]));
    // The caching allocators align all memory alike: 16 bytes stand for the address that each call will get.
    results.push_back({reinterpret_cast<void*>(std::uintptr_t{1} << 20), types.result[r], made.sizes, made.strides});
  }
  return std::nullopt;
}

// Nothing may be compiled or loaded while a stream captures. Not kept: the same call may come warm later.
DeclineReason cold_capture(const Request& request) {
  warn_cold_capture_once(request.op->name);
  return DeclineReason::ColdCapture;
}

// Nothing, or why ATen has to do the call.
std::optional<DeclineReason> make_plan(const Request& request, const CallGeometry& geometry, const CallKind& kind,
                                       PlanEntry& entry, bool& keep) {
  TensorViews operands = argument_views(request, geometry);
  TensorViews results;
  FullRanks ranks;
  entry.results.resize(request.results.size());
  const auto refused = request.op->is_rowwise
                           ? add_row_results(request, geometry, kind, entry, operands, ranks, results)
                           : add_results(request, geometry, kind.types, entry, results);
  if (refused) return refused;
  if (std::ranges::all_of(results, has_no_elements)) return std::nullopt;
  const PlanTensors tensors{.operands = operands, .results = results, .reduced = request.rows.reduced};
  try {
    if (is_capturing(geometry.device()) && !kind.planner->is_planned(tensors)) {
      keep = false;
      return cold_capture(request);
    }
    take_thread_compiles();  // forget those of others
    entry.plan = kind.planner->plan(tensors);
    const CompileSpan compiled = take_thread_compiles();
    if (compiled.compiles == 0) return std::nullopt;
    if (request.compiles != nullptr) request.compiles->fetch_add(compiled.compiles, std::memory_order_relaxed);
    if (request.compile_us != nullptr) request.compile_us->fetch_add(compiled.us, std::memory_order_relaxed);
  } catch (const std::exception& error) {
    if (request.raise || settings().strict) throw;
    warn_failure_once(request.op->name, error.what());
    return DeclineReason::Internal;
  }
  return std::nullopt;
}

}  // namespace

bool first_call(const Request& request, const CallGeometry& geometry, PlanEntry& entry) {
  KindWords words;
  geometry.find_kind(request, words);
  const CallKind* kind = find_call_kind(words);
  if (kind == nullptr) {
    if (request.aten_probe != nullptr && is_capturing(geometry.device())) {
      entry.declined = cold_capture(request);
      return false;
    }
    const MadeKind made = make_call_kind(request, geometry, words);
    kind = made.kind;
    entry.declined = made.declined;
    if (kind == nullptr) return false;
  }
  entry.declined = kind->declined;
  if (!kind->checks.is_empty()) {
    entry.checks = &kind->checks;
    if (!entry.declined) entry.declined = check_numbers(request, geometry, kind->checks);
    if (entry.declined) return kind->declined.has_value();
  }
  bool keep = true;
  if (!entry.declined) entry.declined = make_plan(request, geometry, *kind, entry, keep);
  return keep;
}

}  // namespace gems::aten
