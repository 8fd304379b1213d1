// The checks of call.h.
#include "call.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gems/dsl/error.h"

namespace gems {
namespace {

std::string_view expected_text(OperandKind kind) {
  switch (kind) {
    case OperandKind::Tensor:
      return "a tensor or a number";
    case OperandKind::Scalar:
      return "a number";
    case OperandKind::Flag:
      return "a flag";
  }
  return "";
}

std::string_view given_text(const CallOperand& operand) {
  switch (operand.kind) {
    case CallOperand::Kind::Tensor:
      return "a tensor";
    case CallOperand::Kind::ZeroDim:
      return operand.in_memory ? "a 0-dim tensor in memory" : "a 0-dim tensor";
    case CallOperand::Kind::Number:
      return "a number";
    case CallOperand::Kind::Flag:
      return "a flag";
  }
  return "";
}

bool fits(OperandKind expected, const CallOperand& given) {
  const bool is_flag = given.kind == CallOperand::Kind::Flag;
  if (expected == OperandKind::Flag) return is_flag;
  return !is_flag && (expected == OperandKind::Tensor || is_parameter(given));
}

void check_choice(const OpDef& op, std::size_t position, const FlagValue& given) {
  const OperandDef& operand = op.operands[position];
  if (given.kind == FlagValue::Kind::None && operand.default_flag) return;
  if (is_choice(operand, given)) return;
  const auto quoted = [](const FlagValue& value) {
    return value.kind == FlagValue::Kind::Text ? fmt::format("\"{}\"", value.text()) : to_string(value);
  };
  std::vector<std::string> choices;
  for (const FlagValue& choice : operand.choices) choices.push_back(quoted(choice));
  throw Error(fmt::format("op '{}': {} is {}, expected {}", op.name, describe_operand(op, static_cast<int>(position)),
                          quoted(given), fmt::join(choices, " or ")));
}

}  // namespace

bool is_parameter(const CallOperand& operand) {
  return operand.kind == CallOperand::Kind::Number ||
         (operand.kind == CallOperand::Kind::ZeroDim && !operand.in_memory);
}

std::string describe_operand(const OpDef& op, int position) {
  return fmt::format("operand {} '{}'", position, op.operands[static_cast<std::size_t>(position)].name);
}

void check_call(const OpDef& op, std::span<const CallOperand> operands) {
  if (operands.size() != op.operands.size()) {
    throw Error(fmt::format("op '{}' takes {} operands, given {}; pass one for each of them, flags included", op.name,
                            op.operands.size(), operands.size()));
  }
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!fits(op.operands[i].kind, operands[i])) {
      throw Error(fmt::format("op '{}': {} is {}, given {}", op.name, describe_operand(op, static_cast<int>(i)),
                              expected_text(op.operands[i].kind), given_text(operands[i])));
    }
    if (op.operands[i].kind == OperandKind::Flag) check_choice(op, i, operands[i].flag);
  }
}

}  // namespace gems
