// Arrangements of reductions to one value, or a few, for each row.
#include <cmath>
#include <limits>
#include <utility>

#include "gems/ops/catalogue.h"
#include "overrides/arrange/row_arrange.h"

namespace gems::aten {
namespace {

// The dimensions as ATen gives them; it raises for one that is out of range or named twice. None: all.
std::optional<DeclineReason> reduce_dims(RowCall& call, std::optional<at::IntArrayRef> dims) {
  const std::int64_t rank = call.self().dim();
  if (rank > 63) return DeclineReason::Rank;
  call.rows.keepdim = call.flag && rank > 0;
  if (!dims) {
    call.rows.reduced = (std::uint64_t{1} << rank) - 1;
    return std::nullopt;
  }
  const std::int64_t range = rank == 0 ? 1 : rank;
  for (const std::int64_t dim : *dims) {
    if (dim < -range || dim >= range) return DeclineReason::AtenRaises;
    const std::uint64_t bit = std::uint64_t{1} << (dim < 0 ? dim + range : dim);
    if ((call.rows.reduced & bit) != 0) return DeclineReason::AtenRaises;
    call.rows.reduced |= bit;
  }
  if (rank == 0) call.rows.reduced = 0;
  return std::nullopt;
}

std::int64_t row_length(const RowCall& call) {
  std::int64_t length = 1;
  for (std::int64_t d = 0; d < call.self().dim(); ++d)
    if ((call.rows.reduced >> d & 1) != 0) length *= call.self().size(d);
  return length;
}

// Its like that computes in f64, as ATen does on the CPU.
const OpDef* in_f64(const OpDef* op) {
  static const std::pair<const OpDef*, const OpDef*> known[] = {
      {&ops::find_or_throw("var"), &ops::find_or_throw("var_in_f64")},
      {&ops::find_or_throw("std"), &ops::find_or_throw("std_in_f64")},
      {&ops::find_or_throw("var_mean"), &ops::find_or_throw("var_mean_in_f64")},
      {&ops::find_or_throw("std_mean"), &ops::find_or_throw("std_mean_in_f64")},
  };
  for (const auto& [narrow, wide] : known)
    if (narrow == op) return wide;
  return op;
}

bool is_half(at::ScalarType dtype) { return dtype == at::kHalf || dtype == at::kBFloat16; }

}  // namespace

std::optional<DeclineReason> reduce_listed(const Override&, RowCall& call) {
  if (call.dtype) return DeclineReason::Arguments;
  call.add(call.self());
  return reduce_dims(call, call.ints && call.ints->empty() ? std::nullopt : call.ints);
}

std::optional<DeclineReason> reduce_listed_or_none(const Override&, RowCall& call) {
  call.add(call.self());
  return reduce_dims(call, call.ints);
}

std::optional<DeclineReason> reduce_to_dtype(const Override& row, RowCall& call) {
  static const OpDef& sum = ops::find_or_throw("sum");
  static const OpDef& mean = ops::find_or_throw("mean");
  static const OpDef& wide_sum = ops::find_or_throw("sum_wide");
  static const OpDef& wide_mean = ops::find_or_throw("mean_wide");
  const at::ScalarType from = call.self().scalar_type();
  const at::ScalarType natural = c10::isIntegralType(from, /*includeBool=*/true) ? at::kLong : from;
  if (call.dtype && *call.dtype != natural) {
    if (!is_half(from) || *call.dtype != at::kFloat) return DeclineReason::Arguments;
    if (call.op != &sum && call.op != &mean) return DeclineReason::Arguments;
    call.op = call.op == &sum ? &wide_sum : &wide_mean;
  }
  call.dtype.reset();
  return reduce_listed(row, call);
}

std::optional<DeclineReason> reduce_some(const Override& row, RowCall& call) {
  if (call.ints->empty() && !call.flag && call.self().dim() > 0 && call.self().numel() > 0)
    return DeclineReason::AtenRaises;
  return reduce_listed(row, call);
}

std::optional<DeclineReason> reduce_with_correction(const Override& row, RowCall& call) {
  if (auto reason = reduce_listed(row, call)) return reason;
  const at::Scalar correction = call.number != nullptr ? *call.number : at::Scalar(1);
  if (correction.isComplex()) return DeclineReason::AtenRaises;
  // ATen counts down to no less than zero degrees of freedom, to zero with NaN too.
  if (call.self().numel() == 0 || !(static_cast<double>(row_length(call)) > correction.toDouble()))
    return DeclineReason::AtenWarns;
  call.add(correction);
  if (call.self().is_cpu()) call.op = in_f64(call.op);
  return std::nullopt;
}

std::optional<DeclineReason> choose_by_order(const Override& row, RowCall& call) {
  static const OpDef& count = ops::find_or_throw("vector_norm_0");
  static const OpDef& sum = ops::find_or_throw("vector_norm_1");
  static const OpDef& euclidean = ops::find_or_throw("vector_norm_2");
  static const OpDef& highest = ops::find_or_throw("vector_norm_inf");
  static const OpDef& lowest = ops::find_or_throw("vector_norm_minus_inf");
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (call.number->isComplex()) return DeclineReason::AtenRaises;
  if (call.dtype == call.self().scalar_type()) call.dtype.reset();
  if (auto reason = reduce_listed(row, call)) return reason;
  const double order = call.number->toDouble();
  call.op = order == 0           ? &count
            : order == 1         ? &sum
            : order == 2         ? &euclidean
            : order == infinity  ? &highest
            : order == -infinity ? &lowest
                                 : call.op;
  if (call.op->operands.size() > 1) call.add(at::Scalar(order));
  return std::nullopt;
}

}  // namespace gems::aten
