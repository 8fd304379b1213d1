// Turns the values of a C++ call into a request, and a refusal into an error.
#include "gems/aten/call.h"

#include <fmt/format.h>

#include "first_call/refusal_text.h"
#include "gems/dsl/error.h"

namespace gems::aten {
namespace {

CallArgument view_of(const OpDef& op, std::size_t position, const CallValue& value) {
  const bool wants_flag = op.operands[position].kind == OperandKind::Flag;
  if (const auto* tensor = std::get_if<std::reference_wrapper<const at::Tensor>>(&value))
    return CallArgument(tensor->get());
  if (const auto* flag = std::get_if<FlagValue>(&value)) return CallArgument(*flag);
  const at::Scalar& number = std::get<at::Scalar>(value);
  if (!wants_flag) return CallArgument(number);
  return CallArgument(number.isBoolean() ? FlagValue(number.toBool()) : FlagValue(number.toLong()));
}

}  // namespace

void call_values(const OpDef& op, std::span<const CallValue> values, std::span<at::Tensor> results) {
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
      .op = &op, .arguments = {arguments.data(), op.operands.size()}, .results = results, .raise = true};
  if (const auto reason = serve(request)) throw Error(refusal_text(request, *reason));
}

}  // namespace gems::aten
