// The checks of call.h.
#include "gems/dsl/call.h"

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
    case OperandKind::Row:
      return "a tensor with one value for each row";
    case OperandKind::Column:
      return "a tensor with one value for each column";
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
    case CallOperand::Kind::Absent:
      return "nothing";
  }
  return "";
}

bool fits(const OperandDef& expected, const CallOperand& given) {
  if (given.kind == CallOperand::Kind::Absent) return expected.is_optional;
  const bool is_flag = given.kind == CallOperand::Kind::Flag;
  switch (expected.kind) {
    case OperandKind::Flag:
      return is_flag;
    case OperandKind::Scalar:
      return given.is_number();
    case OperandKind::Tensor:
      return !is_flag;
    case OperandKind::Row:
    case OperandKind::Column:
      return given.is_in_memory();
  }
  return false;
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

void check_operand_count(const OpDef& op, std::size_t given) {
  if (given != op.operands.size())
    throw Error(fmt::format("op '{}' takes {} operands, given {}; pass one for each of them, flags included", op.name,
                            op.operands.size(), given));
}

void check_operand(const OpDef& op, std::size_t position, const CallOperand& given) {
  const OperandDef& operand = op.operands[position];
  if (!fits(operand, given))
    throw Error(fmt::format("op '{}': {} is {}, given {}", op.name, describe_operand(op, static_cast<int>(position)),
                            expected_text(operand.kind), given_text(given)));
  if (operand.kind == OperandKind::Flag) check_choice(op, position, given.flag);
}

void check_call(const OpDef& op, std::span<const CallOperand> operands) {
  check_operand_count(op, operands.size());
  for (std::size_t i = 0; i < operands.size(); ++i) check_operand(op, i, operands[i]);
}

}  // namespace gems
