// The module's side of gems/module.h: op definitions as C tables, and a call traced for gems. Runs in the module, which
// has its own hidden copy of this library.
#include "gems/dsl/module_table.h"

#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "gems/dsl/dtype.h"
#include "gems/dsl/error.h"
#include "gems/dsl/names.h"
#include "gems/dsl/trace.h"
#include "gems/dsl/tracer.h"

namespace gems {
namespace {

static_assert(static_cast<int>(FlagValue::Kind::None) == GEMS_FLAG_NONE &&
              static_cast<int>(FlagValue::Kind::Bool) == GEMS_FLAG_BOOL &&
              static_cast<int>(FlagValue::Kind::Int) == GEMS_FLAG_INTEGER &&
              static_cast<int>(FlagValue::Kind::Text) == GEMS_FLAG_TEXT);
static_assert(static_cast<int>(OperandKind::Tensor) == GEMS_OPERAND_TENSOR &&
              static_cast<int>(OperandKind::Scalar) == GEMS_OPERAND_SCALAR &&
              static_cast<int>(OperandKind::Flag) == GEMS_OPERAND_FLAG &&
              static_cast<int>(OperandKind::Row) == GEMS_OPERAND_ROW &&
              static_cast<int>(OperandKind::Column) == GEMS_OPERAND_COLUMN);
static_assert(static_cast<int>(CallOperand::Kind::Tensor) == GEMS_ARGUMENT_TENSOR &&
              static_cast<int>(CallOperand::Kind::ZeroDim) == GEMS_ARGUMENT_ZERO_DIM &&
              static_cast<int>(CallOperand::Kind::Number) == GEMS_ARGUMENT_NUMBER &&
              static_cast<int>(CallOperand::Kind::Flag) == GEMS_ARGUMENT_FLAG &&
              static_cast<int>(CallOperand::Kind::Absent) == GEMS_ARGUMENT_ABSENT);

gems_text text_of(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view_of(const gems_text& text) { return {text.data, text.size}; }

// `value` must live as long as the table: it holds the characters.
gems_flag flag_of(const FlagValue& value) {
  return {static_cast<std::int32_t>(value.kind), value.integer, text_of(value.text())};
}

FlagValue flag_value_of(const gems_flag& flag) {
  switch (flag.kind) {
    case GEMS_FLAG_BOOL:
      return flag.integer != 0;
    case GEMS_FLAG_INTEGER:
      return flag.integer;
    case GEMS_FLAG_TEXT:
      return view_of(flag.text);
    default:
      return {};
  }
}

DType dtype_of(const gems_text& text) {
  const std::optional<DType> dtype = parse_dtype(view_of(text));
  if (!dtype)
    throw Error("this module does not know the dtype " + std::string(view_of(text)) +
                ": rebuild it with the gems that calls it");
  return *dtype;
}

std::string traced(const OpDef& op, const gems_call& call) {
  if (call.argument_count != op.operands.size() || call.result_count != op.result_count())
    throw Error("op '" + std::string(op.name) +
                "' is called with other operands or results than the module's table has");
  std::vector<CallOperand> operands;
  ResolvedTypes types;
  std::vector<DType> stored;
  for (std::size_t i = 0; i < call.argument_count; ++i) {
    const gems_argument& argument = call.arguments[i];
    CallOperand& operand = operands.emplace_back();
    operand.kind = static_cast<CallOperand::Kind>(argument.kind);
    operand.in_memory = argument.in_memory != 0;
    const bool is_flag = operand.kind == CallOperand::Kind::Flag;
    const bool has_dtype = !is_flag && operand.kind != CallOperand::Kind::Absent;
    if (is_flag) operand.flag = flag_value_of(argument.flag);
    if (has_dtype) operand.dtype = dtype_of(argument.dtype);
    types.operand_compute.push_back(has_dtype ? dtype_of(argument.compute) : DType::F32);
  }
  for (std::size_t i = 0; i < call.result_count; ++i) {
    types.result_compute.push_back(dtype_of(call.results[i].compute));
    types.result.push_back(dtype_of(call.results[i].promoted));
    stored.push_back(dtype_of(call.results[i].stored));
  }
  Tracer tracer(op, operands, types, stored);
  op.body(tracer);
  return to_string(std::move(tracer).take());
}

void copy_to(gems_text* to, std::string_view text) {
  char* data = new char[text.size()];
  std::memcpy(data, text.data(), text.size());
  *to = {data, text.size()};
}

void free_text(gems_text text) { delete[] text.data; }

// Nothing that is thrown gets out.
std::int32_t trace_call(const gems_operator* op, const gems_call* call, gems_text* text) noexcept {
  *text = {nullptr, 0};
  try {
    try {
      copy_to(text, traced(*static_cast<const OpDef*>(op->definition), *call));
      return 0;
    } catch (const std::exception& error) {
      copy_to(text, error.what());
    } catch (...) {
      copy_to(text, "the body threw what is no std::exception: throw gems::Error instead");
    }
  } catch (...) {  // no memory for the text
  }
  return 1;
}

// All that a table points to.
struct ModuleTable {
  gems_module module{};
  std::string name;
  std::vector<gems_operator> operators;
  std::deque<std::vector<gems_operand>> operands;
  std::deque<std::vector<gems_flag>> flags;
  std::deque<std::vector<gems_promotion>> promotions;
  std::deque<std::vector<std::int32_t>> positions;

  const gems_operand* add_operands(const OpDef& op) {
    std::vector<gems_operand>& added = operands.emplace_back();
    for (const OperandDef& operand : op.operands) {
      std::vector<gems_flag>& choices = flags.emplace_back();
      for (const FlagValue& choice : operand.choices) choices.push_back(flag_of(choice));
      std::vector<gems_flag>& default_flag = flags.emplace_back();
      if (operand.default_flag) default_flag.push_back(flag_of(*operand.default_flag));
      added.push_back({.name = text_of(operand.name),
                       .kind = static_cast<std::int32_t>(operand.kind),
                       .dtype = text_of(operand.dtype ? gems::name(*operand.dtype) : std::string_view()),
                       .default_flag = default_flag.empty() ? nullptr : default_flag.data(),
                       .choice_count = choices.size(),
                       .choices = choices.data(),
                       .is_optional = operand.is_optional ? 1 : 0});
    }
    return added.data();
  }

  const gems_promotion* add_promotions(const OpDef& op) {
    std::vector<gems_promotion>& added = promotions.emplace_back();
    for (const Promotion& promotion : op.promotions) {
      std::vector<std::int32_t>& all = positions.emplace_back();
      all.assign(promotion.operands.begin(), promotion.operands.end());
      added.push_back({text_of(gems::name(promotion.kind)), all.size(), all.data()});
    }
    return added.data();
  }

  void add(const OpDef& op) {
    operators.push_back({.name = text_of(op.name),
                         .file = text_of(op.file),
                         .line = op.line,
                         .accepts = text_of(gems::name(op.accepts)),
                         .operand_count = op.operands.size(),
                         .operands = add_operands(op),
                         .result_count = op.result_count(),
                         .promotions = add_promotions(op),
                         .definition = &op,
                         .is_rowwise = op.is_rowwise ? 1 : 0});
  }
};

}  // namespace

const gems_module* make_module_table(std::string_view name, std::initializer_list<const OpDef*> ops) noexcept {
  try {
    auto table = std::make_unique<ModuleTable>();
    table->name = name;
    for (const OpDef* op : ops) table->add(*op);
    table->module = {.module_size = sizeof(gems_module),
                     .operator_size = sizeof(gems_operator),
                     .operand_size = sizeof(gems_operand),
                     .name = text_of(table->name),
                     .operator_count = table->operators.size(),
                     .operators = table->operators.data(),
                     .trace = trace_call,
                     .free_text = free_text};
    return &table.release()->module;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace gems
