// Kinds by their words: overload, dtypes, priorities in promotion, kinds of numbers, flags. See call_kind.h.
#include "first_call/call_kind.h"

#include <c10/core/DefaultDtype.h>
#include <c10/core/ScalarType.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "first_call/aten_dtype.h"
#include "first_call/refusal_text.h"
#include "first_call/rows/row_results.h"
#include "gems/aten/dtype.h"
#include "gems/dsl/error.h"
#include "gems/runtime/settings.h"
#include "geometry/call_operand.h"
#include "switches/warn_once.h"

namespace gems::aten {
namespace {

// What is once in it stays where it is.
struct Known {
  std::mutex mutex;
  std::map<std::vector<std::uint64_t>, std::unique_ptr<const CallKind>> kinds;
};
using KnownKind = decltype(Known::kinds)::value_type;

std::vector<std::uint64_t> key_of(const KindWords& words) { return {words.all().begin(), words.all().end()}; }

Known& known() {
  static Known* all = new Known;  // outlives the threads that may still ask while the process ends
  return *all;
}

// The last ones of this thread.
const KnownKind*& last_kind(const KindWords& words) {
  constexpr std::size_t Size = 64;
  constinit thread_local std::array<const KnownKind*, Size> kinds{};
  return kinds[words.hash % Size];
}

Device device_of(at::Device device) {
  return {device.is_cpu() ? Device::Kind::Cpu : Device::Kind::Cuda, device.is_cpu() ? 0 : device.index()};
}

FixedList<CallOperand, MaxOperands> operands_of(const Request& request, const CallGeometry& geometry) {
  FixedList<CallOperand, MaxOperands> operands;
  std::size_t number = 0;
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    const CallArgument& given = request.arguments[i];
    switch (given.kind) {
      case CallArgument::Kind::Flag:
        operands.push_back(flag_operand(given.flag));
        break;
      case CallArgument::Kind::Absent:
        operands.push_back(absent_operand());
        break;
      case CallArgument::Kind::Number:
        operands.push_back(number_operand(geometry.numbers()[number++].dtype));
        break;
      case CallArgument::Kind::Tensor: {
        const DType dtype = *to_dtype(given.tensor->scalar_type());
        if (geometry.in_memory(i)) {
          operands.push_back(tensor_operand(dtype, given.tensor->dim()));
          break;
        }
        const DType of_number = geometry.numbers()[number++].dtype;
        const bool is_wrapped = given.tensor->unsafeGetTensorImpl()->is_wrapped_number();
        operands.push_back(is_wrapped ? number_operand(of_number) : cpu_scalar_operand(dtype));
        break;
      }
    }
  }
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

// Gives the types ATen's where those hold the same values. False where ATen's results are others.
bool agree_with_aten(const Request& request, const CallGeometry& geometry, const AtenDtype& aten,
                     ResolvedTypes& types) {
  if (request.op->is_rowwise) return take_aten_dtypes(request, aten.dtypes, types);
  if (!request.results[0].defined() && aten.dtypes[0] != to_scalar_type(types.result[0])) return false;
  return !differs_in_float8(request, geometry, types);
}

Signature signature_of(const Request& request, const FixedList<CallOperand, MaxOperands>& operands, DType default_dtype,
                       const ResolvedTypes& types) {
  Signature signature{.op = request.op, .default_dtype = default_dtype, .operands = operands, .results = {}};
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    const at::Tensor& given = request.results[r];
    // A rowwise result that is resized has the dtype that it was given with, too.
    signature.results.push_back(given.defined() ? *to_dtype(given.scalar_type()) : types.result[r]);
  }
  return signature;
}

}  // namespace

const CallKind* find_call_kind(const KindWords& words) {
  const KnownKind*& last = last_kind(words);
  if (last != nullptr && std::ranges::equal(last->first, words.all())) return last->second.get();
  const std::lock_guard lock(known().mutex);
  const auto found = known().kinds.find(key_of(words));
  if (found == known().kinds.end()) return nullptr;
  last = &*found;
  return found->second.get();
}

MadeKind make_call_kind(const Request& request, const CallGeometry& geometry, const KindWords& words) {
  auto kind = std::make_unique<CallKind>();
  const auto keep = [&]() -> MadeKind {
    const std::lock_guard lock(known().mutex);
    const KnownKind& kept = *known().kinds.try_emplace(key_of(words), std::move(kind)).first;
    last_kind(words) = &kept;
    return {.kind = kept.second.get(), .declined = {}};
  };
  const auto decline = [&](DeclineReason reason) {
    kind->declined = reason;
    return keep();
  };
  const DType default_dtype = *to_dtype(c10::get_default_dtype_as_scalartype());
  const FixedList<CallOperand, MaxOperands> operands = operands_of(request, geometry);
  try {
    kind->types = resolve_types(*request.op, {operands.begin(), operands.size()}, default_dtype);
  } catch (const Error&) {
    if (request.raise) throw;
    return decline(DeclineReason::Dtype);
  }
  kind->checks = number_checks(request, geometry, kind->types);
  // ATen is probed with this call's numbers: its dtype must not come from a number that happens to be out of range.
  if (auto reason = check_numbers(request, geometry, kind->checks)) return {.kind = nullptr, .declined = reason};
  if (request.aten_probe != nullptr) {
    const AtenDtype aten = aten_dtype_of(*request.aten_probe);
    // It may be this call's numbers and sizes that ATen warns of: the next call of the kind asks again.
    if (aten.declined == DeclineReason::AtenWarns) return {.kind = nullptr, .declined = aten.declined};
    if (aten.declined) return decline(*aten.declined);
    if (!agree_with_aten(request, geometry, aten, kind->types)) return decline(DeclineReason::Dtype);
  }
  if (request.raise) check_casts(request, kind->types);
  try {
    kind->planner.emplace(signature_of(request, operands, default_dtype, kind->types), device_of(geometry.device()));
  } catch (const std::exception& error) {
    if (request.raise || settings().strict) throw;
    warn_failure_once(request.op->name, error.what());
    return decline(DeclineReason::Internal);
  }
  return keep();
}

}  // namespace gems::aten
