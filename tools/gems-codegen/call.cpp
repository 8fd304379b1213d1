// Checks each word of a call against the op it names, so that an error says what the op would accept.
#include "call.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

#include "gems/dsl/dtype.h"
#include "usage_error.h"

namespace gems::codegen {
namespace {

constexpr std::array<int, 14> known_archs{70, 72, 75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121};
constexpr std::array<DType, 4> number_dtypes{DType::Bool, DType::I64, DType::F64, DType::C128};

// "x (Tensor), y (Tensor), alpha (Scalar)"
std::string describe_operands(const OpDef& op) {
  std::vector<std::string> texts;
  for (const OperandDef& operand : op.operands)
    texts.push_back(fmt::format("{} ({})", operand.name, kind_name(operand.kind)));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string all_dtypes() {
  std::vector<std::string_view> names;
  for (const DTypeInfo& dtype : dtype_table) names.push_back(dtype.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

DType parse_dtype_of(const OpDef& op, std::string_view text) {
  if (const auto dtype = parse_dtype(text)) return *dtype;
  throw UsageError(fmt::format("op '{}': unknown dtype '{}'; expected one of {}", op.name, text, all_dtypes()));
}

std::size_t find_operand(const OpDef& op, std::string_view name, std::string_view option) {
  for (std::size_t i = 0; i < op.operands.size(); ++i)
    if (op.operands[i].name == name) return i;
  throw UsageError(fmt::format("op '{}': {} names operand '{}', which does not exist; expected one of: {}", op.name,
                               option, name, describe_operands(op)));
}

std::pair<std::string_view, std::optional<std::string_view>> split_at_equals(std::string_view text) {
  const std::size_t at = text.find('=');
  if (at == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + 1)};
}

// Tensors, numbers and default flags, as the op declares them.
Call default_call(const OpDef& op) {
  Call call{.op = &op, .operands = {}, .result_dtypes = {}};
  for (const OperandDef& operand : op.operands) {
    CallOperand& passed = call.operands.emplace_back();
    passed.kind = operand.kind == OperandKind::Scalar ? CallOperand::Kind::Number
                  : operand.kind == OperandKind::Flag ? CallOperand::Kind::Flag
                                                      : CallOperand::Kind::Tensor;
    if (operand.default_flag) passed.flag = *operand.default_flag;
  }
  return call;
}

// Fills in the operands that --number makes numbers; returns their explicit dtypes by position.
std::vector<std::optional<DType>> apply_numbers(const OpDef& op, std::span<const std::string> numbers, Call& call) {
  std::vector<std::optional<DType>> dtypes(op.operands.size());
  for (const std::string& text : numbers) {
    const auto [name, dtype] = split_at_equals(text);
    const std::size_t position = find_operand(op, name, "--number");
    if (op.operands[position].kind == OperandKind::Flag)
      throw UsageError(fmt::format("op '{}': --number {}: this operand is a Flag; give it with --flag {}=VALUE",
                                   op.name, name, name));
    call.operands[position].kind = CallOperand::Kind::Number;
    if (!dtype) continue;
    dtypes[position] = parse_dtype_of(op, *dtype);
    if (std::ranges::find(number_dtypes, *dtypes[position]) == number_dtypes.end())
      throw UsageError(
          fmt::format("op '{}': --number {}={}: a number is bool, i64, f64 or c128", op.name, name, *dtype));
  }
  return dtypes;
}

void apply_absent(const OpDef& op, std::span<const std::string> names, Call& call) {
  for (const std::string& name : names) {
    const std::size_t position = find_operand(op, name, "--absent");
    if (!op.operands[position].is_optional)
      throw UsageError(
          fmt::format("op '{}': --absent {}: this operand is no Optional; every call has it", op.name, name));
    call.operands[position].kind = CallOperand::Kind::Absent;
  }
}

void apply_flags(const OpDef& op, std::span<const std::string> flags, Call& call) {
  for (const std::string& text : flags) {
    const auto [name, value] = split_at_equals(text);
    const std::size_t position = find_operand(op, name, "--flag");
    if (op.operands[position].kind != OperandKind::Flag)
      throw UsageError(fmt::format("op '{}': --flag {}: this operand is a {}, not a Flag; the operands are {}", op.name,
                                   name, kind_name(op.operands[position].kind), describe_operands(op)));
    if (!value || value->empty())
      throw UsageError(fmt::format("op '{}': --flag {}: no value given; write --flag {}=VALUE", op.name, text, name));
    call.operands[position].flag = parse_flag_value(*value);
  }
}

void apply_dtypes(const OpDef& op, std::span<const std::string> texts, Call& call) {
  std::vector<std::size_t> positions;
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < call.operands.size(); ++i) {
    if (call.operands[i].kind != CallOperand::Kind::Tensor) continue;
    positions.push_back(i);
    names.push_back(op.operands[i].name);
  }
  if (positions.empty())
    throw UsageError(fmt::format("op '{}': no operand is left that is a tensor; drop one --number", op.name));
  if (texts.size() > 1 && texts.size() != positions.size())
    throw UsageError(
        fmt::format("op '{}': --dtypes has {} dtypes ({}); expected {}, one for each tensor ({}), or a single one "
                    "for all of them",
                    op.name, texts.size(), fmt::join(texts, ","), positions.size(), fmt::join(names, ", ")));
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::string_view text = texts.empty() ? "f32" : std::string_view(texts[texts.size() == 1 ? 0 : i]);
    call.operands[positions[i]].dtype = parse_dtype_of(op, text);
  }
}

// What a Python caller would most likely pass: an integer beside integers, or where the op wants one, else a float.
DType usual_number_dtype(const Call& call, std::size_t position) {
  const std::optional<DType> wanted = call.op->operands[position].dtype;
  if (wanted && is_integral(*wanted)) return DType::I64;
  const bool beside_floats = std::ranges::any_of(call.operands, [](const CallOperand& operand) {
    return operand.kind == CallOperand::Kind::Tensor && !is_integral(operand.dtype);
  });
  return beside_floats ? DType::F64 : DType::I64;
}

}  // namespace

std::string_view kind_name(OperandKind kind) {
  switch (kind) {
    case OperandKind::Tensor:
      return "Tensor";
    case OperandKind::Scalar:
      return "Scalar";
    case OperandKind::Flag:
      return "Flag";
    case OperandKind::Row:
      return "Row";
    case OperandKind::Column:
      return "Column";
  }
  return "";
}

const OpDef& find_op(const Registry& registry, std::string_view name) {
  if (const OpDef* op = registry.find(name)) return *op;
  const std::vector<std::string_view> similar = registry.similar(name);
  if (similar.empty()) throw UsageError(fmt::format("unknown op '{}'; 'gems-codegen list' prints all ops", name));
  throw UsageError(fmt::format("unknown op '{}'; did you mean {}? 'gems-codegen list' prints all ops", name,
                               fmt::join(similar, " or ")));
}

Call uniform_call(const OpDef& op, DType dtype) {
  Call call = default_call(op);
  for (CallOperand& operand : call.operands)
    if (operand.kind == CallOperand::Kind::Tensor) operand.dtype = dtype;
  for (std::size_t i = 0; i < call.operands.size(); ++i)
    if (call.operands[i].kind == CallOperand::Kind::Number) call.operands[i].dtype = usual_number_dtype(call, i);
  return call;
}

Call make_call(const Registry& registry, const CallText& text) {
  const OpDef& op = find_op(registry, text.op);
  Call call = default_call(op);
  const std::vector<std::optional<DType>> number_dtypes_given = apply_numbers(op, text.numbers, call);
  apply_absent(op, text.absent, call);
  apply_flags(op, text.flags, call);
  apply_dtypes(op, text.dtypes, call);
  for (std::size_t i = 0; i < call.operands.size(); ++i)
    if (call.operands[i].kind == CallOperand::Kind::Number)
      call.operands[i].dtype = number_dtypes_given[i].value_or(usual_number_dtype(call, i));

  if (!text.result_dtypes.empty() && text.result_dtypes.size() != op.result_count())
    throw UsageError(fmt::format("op '{}': --result-dtypes has {} dtypes ({}); expected {}, one for each result",
                                 op.name, text.result_dtypes.size(), fmt::join(text.result_dtypes, ","),
                                 op.result_count()));
  for (const std::string& dtype : text.result_dtypes) call.result_dtypes.push_back(parse_dtype_of(op, dtype));
  return call;
}

CudaTarget parse_arch(std::string_view text) {
  int arch = 0;
  const std::string_view digits = text.starts_with("sm_") ? text.substr(3) : std::string_view();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), arch);
  const bool is_number = error == std::errc() && end == digits.data() + digits.size() && !digits.empty();
  if (is_number && std::ranges::find(known_archs, arch) != known_archs.end()) return CudaTarget{arch};
  throw UsageError(fmt::format("unknown arch '{}'; expected one of sm_{}", text, fmt::join(known_archs, ", sm_")));
}

FlagValue parse_flag_value(std::string_view text) {
  if (text == "true") return FlagValue(true);
  if (text == "false") return FlagValue(false);
  if (text == "None") return FlagValue();
  std::int64_t integer = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (error == std::errc() && end == text.data() + text.size()) return FlagValue(integer);
  return FlagValue(text);
}

}  // namespace gems::codegen
