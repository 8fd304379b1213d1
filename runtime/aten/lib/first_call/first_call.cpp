// Builds the entry of a call geometry that this thread has not served yet.
#include "first_call/first_call.h"

#include <c10/core/DefaultDtype.h>
#include <c10/core/ScalarType.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>

#include "first_call/aten_dtype.h"
#include "first_call/number_checks.h"
#include "first_call/refusal_text.h"
#include "first_call/result_layout.h"
#include "first_call/row_results.h"
#include "gems/aten/dtype.h"
#include "gems/compiler/layout.h"
#include "gems/dsl/error.h"
#include "gems/dsl/trace.h"
#include "gems/runtime/counters.h"
#include "gems/runtime/settings.h"
#include "geometry/call_operand.h"
#include "torch/stream.h"
#include "torch/warn_once.h"

namespace gems::aten {
namespace {

TensorView view_of(const at::Tensor& tensor, void* address) {
  return {address, *to_dtype(tensor.scalar_type()), tensor.sizes(), tensor.strides()};
}

Device device_of(at::Device device) {
  return {device.is_cpu() ? Device::Kind::Cpu : Device::Kind::Cuda, device.is_cpu() ? 0 : device.index()};
}

c10::SmallVector<Argument, 4> runtime_arguments(const Request& request, const CallGeometry& geometry) {
  c10::SmallVector<Argument, 4> arguments;
  std::size_t address = 0;
  std::size_t number = 0;
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    const CallArgument& given = request.arguments[i];
    Argument argument;
    switch (given.kind) {
      case CallArgument::Kind::Flag:
        argument.what = flag_operand(given.flag);
        break;
      case CallArgument::Kind::Absent:
        argument.what = absent_operand();
        break;
      case CallArgument::Kind::Number:
        argument.number = geometry.numbers()[number++];
        argument.what = number_operand(argument.number.dtype);
        break;
      case CallArgument::Kind::Tensor: {
        const DType dtype = *to_dtype(given.tensor->scalar_type());
        if (geometry.in_memory(i)) {
          argument.what = tensor_operand(dtype, given.tensor->dim());
          argument.tensor = view_of(*given.tensor, geometry.addresses()[address++]);
          break;
        }
        argument.number = geometry.numbers()[number++];
        const bool is_wrapped = given.tensor->unsafeGetTensorImpl()->is_wrapped_number();
        argument.what = is_wrapped ? number_operand(argument.number.dtype) : cpu_scalar_operand(dtype);
        break;
      }
    }
    arguments.push_back(argument);
  }
  return arguments;
}

c10::SmallVector<CallOperand, 4> call_operands(std::span<const Argument> arguments) {
  c10::SmallVector<CallOperand, 4> operands;
  for (const Argument& argument : arguments) operands.push_back(argument.what);
  return operands;
}

// ATen computes in a float8 itself: mixed operands are rounded to it first, and so is a truth value that goes into a
// result of another dtype, though f8e8m0fnu has no zero.
bool differs_in_float8(const Request& request, const CallGeometry& geometry, const ResolvedTypes& types) {
  const bool is_mixed = is_float8(types.result[0]) && types.result_compute[0] != types.result[0];
  const bool is_truth =
      is_bool(types.result[0]) && request.results[0].defined() && request.results[0].scalar_type() != at::kBool;
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    if (!geometry.in_memory(i)) continue;
    const at::ScalarType dtype = request.arguments[i].tensor->scalar_type();
    if (is_mixed && dtype != to_scalar_type(types.result[0])) return true;
    if (is_truth && dtype == at::kFloat8_e8m0fnu) return true;
  }
  return false;
}

// A given result keeps its dtype: what it would lose is refused, as ATen refuses it.
void check_casts(const Request& request, const ResolvedTypes& types) {
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    const at::Tensor& given = request.results[r];
    if (!given.defined() || c10::canCast(to_scalar_type(types.result[r]), given.scalar_type())) continue;
    throw Error(
        fmt::format("op '{0}': result type {1} can't be cast to {2}, the dtype of '{3}'; give a result of {1}, or "
                    "convert the operands",
                    request.op->name, c10::toString(to_scalar_type(types.result[r])),
                    c10::toString(given.scalar_type()), result_name(*request.op, r)));
  }
}

bool has_no_elements(const TensorView& view) { return std::ranges::find(view.sizes, 0) != view.sizes.end(); }

// The results of a pointwise call: to the entry and to `results`. Nothing, or why ATen has to do the call.
std::optional<DeclineReason> add_results(const Request& request, const CallGeometry& geometry,
                                         const ResolvedTypes& types, PlanEntry& entry,
                                         c10::SmallVector<TensorView, 1>& results) {
  if (request.raise) {
    check_shapes(request);
    check_casts(request, types);
  } else if (auto reason = check_given_results(request)) {
    return reason;
  }
  ResultLayout layout;
  try {
    layout = result_layout(request);
  } catch (const c10::Error& error) {
    if (request.raise) throw Error(fmt::format("op '{}': {}", request.op->name, error.what_without_backtrace()));
    return DeclineReason::AtenRaises;
  }
  if (layout.rank > MaxRank) return DeclineReason::Rank;
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    const at::Tensor& given = request.results[r];
    ResultGeometry& geometry_of_result = entry.results[r];
    if (given.defined()) {
      results.push_back(view_of(given, geometry.result_address(r)));
      continue;
    }
    geometry_of_result = result_geometry(layout.sizes, layout.strides, to_scalar_type(types.result[r]));
    // The caching allocators align all memory alike: 16 bytes stand for the address that each call will get.
    results.push_back({reinterpret_cast<void*>(std::uintptr_t{1} << 20), types.result[r], geometry_of_result.sizes,
                       geometry_of_result.strides});
  }
  return std::nullopt;
}

FirstCall declined(std::unique_ptr<PlanEntry> entry, DeclineReason reason, bool keep = true) {
  entry->declined = reason;
  return {std::move(entry), keep};
}

// Nothing may be compiled or loaded while a stream captures. Not kept: the same call may come warm later.
FirstCall cold_capture(const Request& request, std::unique_ptr<PlanEntry> entry) {
  warn_cold_capture_once(request.op->name);
  return declined(std::move(entry), DeclineReason::ColdCapture, false);
}

}  // namespace

FirstCall first_call(const Request& request, const CallGeometry& geometry) {
  auto entry = std::make_unique<PlanEntry>();
  entry->hash = geometry.hash();
  entry->words.assign(geometry.words().begin(), geometry.words().end());
  const bool capturing = is_capturing(geometry.device());
  const DType default_dtype = *to_dtype(c10::get_default_dtype_as_scalartype());
  c10::SmallVector<Argument, 4> arguments = runtime_arguments(request, geometry);

  ResolvedTypes types;
  try {
    types = resolve_types(*request.op, call_operands(arguments), default_dtype);
  } catch (const Error&) {
    if (request.raise) throw;
    return declined(std::move(entry), DeclineReason::Dtype);
  }
  add_number_checks(request, geometry, types, *entry);
  // ATen is probed with this call's numbers: its dtype must not come from a number that happens to be out of range.
  if (auto reason = check_numbers(request, geometry, *entry)) return declined(std::move(entry), *reason, false);

  AtenDtype aten;
  if (request.aten_probe != nullptr) {
    if (capturing && !is_aten_dtype_known(request, geometry)) return cold_capture(request, std::move(entry));
    aten = aten_dtype_of(request, geometry);
    if (aten.declined) return declined(std::move(entry), *aten.declined);
  }

  c10::SmallVector<TensorView, 1> results;
  FullRanks ranks;
  entry->results.resize(request.results.size());
  if (request.op->is_rowwise) {
    if (request.aten_probe != nullptr && !take_aten_dtypes(request, aten.dtypes, types))
      return declined(std::move(entry), DeclineReason::Dtype);
    if (request.raise) check_casts(request, types);
    if (auto reason = add_row_results(request, geometry, types, default_dtype, arguments, *entry, ranks, results))
      return declined(std::move(entry), *reason);
  } else {
    if (request.aten_probe != nullptr) {
      if (!request.results[0].defined() && aten.dtypes[0] != to_scalar_type(types.result[0]))
        return declined(std::move(entry), DeclineReason::Dtype);
      if (differs_in_float8(request, geometry, types)) return declined(std::move(entry), DeclineReason::Dtype);
    }
    if (auto reason = add_results(request, geometry, types, *entry, results))
      return declined(std::move(entry), *reason);
  }
  if (std::ranges::all_of(results, has_no_elements)) return {std::move(entry)};

  const PlanRequest plan_request{.op = request.op,
                                 .operands = arguments,
                                 .results = results,
                                 .reduced = request.rows.reduced,
                                 .device = device_of(geometry.device()),
                                 .default_dtype = default_dtype};
  try {
    if (capturing && !is_planned(plan_request)) return cold_capture(request, std::move(entry));
    take_thread_compiles();  // forget those of others
    entry->plan = make_plan(plan_request);
    const CompileSpan compiled = take_thread_compiles();
    if (request.compiles != nullptr) request.compiles->fetch_add(compiled.compiles, std::memory_order_relaxed);
    if (request.compile_us != nullptr) request.compile_us->fetch_add(compiled.us, std::memory_order_relaxed);
  } catch (const std::exception& error) {
    if (request.raise || settings().strict) throw;
    warn_failure_once(request.op->name, error.what());
    return declined(std::move(entry), DeclineReason::Internal);
  }
  return {std::move(entry)};
}

}  // namespace gems::aten
