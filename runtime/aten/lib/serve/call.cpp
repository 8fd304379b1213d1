// Turns the values of a C++ call into a request, and a refusal into an error.
#include "gems/aten/call.h"

#include <fmt/format.h>

#include <algorithm>

#include "first_call/refusal_text.h"
#include "first_call/rows/row_dims.h"
#include "gems/dsl/error.h"

namespace gems::aten {
namespace {

CallArgument view_of(const OpDef& op, std::size_t position, const CallValue& value) {
  const bool wants_flag = op.operands[position].kind == OperandKind::Flag;
  if (const auto* tensor = std::get_if<std::reference_wrapper<const at::Tensor>>(&value))
    return CallArgument(tensor->get());
  if (const auto* flag = std::get_if<FlagValue>(&value)) return CallArgument(*flag);
  if (std::holds_alternative<std::nullopt_t>(value)) return CallArgument::absent();
  const at::Scalar& number = std::get<at::Scalar>(value);
  if (!wants_flag) return CallArgument(number);
  return CallArgument(number.isBoolean() ? FlagValue(number.toBool()) : FlagValue(number.toLong()));
}

// Takes the dimensions off the values.
RowDims take_row_dims(const OpDef& op, std::span<const CallValue>& values) {
  const Along* along = nullptr;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto* given = std::get_if<Along>(&values[i]);
    if (given == nullptr) continue;
    if (!op.is_rowwise)
      throw Error(fmt::format("op '{}' is pointwise and reduces no dimensions; call it without Along", op.name));
    if (i + 1 != values.size())
      throw Error(fmt::format("op '{}': Along is argument {}; give it behind all operands", op.name, i));
    along = given;
    values = values.first(i);
  }
  if (!op.is_rowwise) return {};
  std::int64_t rank = 0;
  for (std::size_t i = 0; i < std::min(values.size(), op.operands.size()); ++i)
    if (const auto* tensor = std::get_if<std::reference_wrapper<const at::Tensor>>(&values[i]);
        tensor != nullptr && op.operands[i].kind == OperandKind::Tensor)
      rank = std::max(rank, tensor->get().dim());
  try {
    static constexpr std::int64_t last = -1;
    const c10::IntArrayRef dims = along != nullptr ? c10::IntArrayRef(along->dims) : c10::IntArrayRef(last);
    return {.reduced = reduced_dims(op, dims, rank), .keepdim = along != nullptr && along->keepdim};
  } catch (const c10::Error& error) {
    throw Error(error.what_without_backtrace());
  }
}

}  // namespace

void call_values(const OpDef& op, std::span<const CallValue> values, std::span<at::Tensor> results) {
  const RowDims rows = take_row_dims(op, values);
  if (values.size() > op.operands.size())
    throw Error(
        fmt::format("op '{}': {} arguments given, it has {} operands", op.name, values.size(), op.operands.size()));
  if (results.size() != op.result_count())
    throw Error(fmt::format("op '{}': {} results asked for, it has {}", op.name, results.size(), op.result_count()));
  std::array<CallArgument, MaxOperands> arguments;
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    if (i < values.size())
      arguments[i] = view_of(op, i, values[i]);
    else if (op.operands[i].default_flag)
      arguments[i] = CallArgument(*op.operands[i].default_flag);
    else
      throw Error(fmt::format("op '{}': {} is missing; give one argument for each operand", op.name,
                              describe_operand(op, static_cast<int>(i))));
  }
  const Request request{
      .op = &op, .arguments = {arguments.data(), op.operands.size()}, .results = results, .rows = rows, .raise = true};
  if (const auto reason = serve(request)) throw Error(refusal_text(request, *reason));
}

}  // namespace gems::aten
