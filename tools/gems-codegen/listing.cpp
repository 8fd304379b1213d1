// Reads OpDefs and, for the table of dtypes, asks the tracer what each dtype computes in and results in.
#include "listing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "call.h"
#include "gems/dsl/error.h"
#include "gems/dsl/names.h"
#include "gems/dsl/trace.h"
#include "row_reads.h"

namespace gems::codegen {
namespace {

using Json = nlohmann::ordered_json;

// What a call with every tensor of one dtype does.
struct DTypeRow {
  DType dtype;
  std::string error;  // empty: supported
  FixedList<DType, MaxResults> compute;
  FixedList<DType, MaxResults> result;
};

std::vector<DTypeRow> dtype_rows(const OpDef& op) {
  std::vector<DTypeRow> rows;
  for (const DTypeInfo& dtype : dtype_table) {
    DTypeRow& row = rows.emplace_back();
    row.dtype = *parse_dtype(dtype.name);
    try {
      const Call call = uniform_call(op, row.dtype);
      trace(op, call.operands);
      const ResolvedTypes types = resolve_types(op, call.operands);
      row.compute = types.result_compute;
      row.result = types.result;
    } catch (const Error& error) {
      row.error = error.what();
    }
  }
  return rows;
}

std::vector<std::string_view> names(std::span<const DType> dtypes) {
  std::vector<std::string_view> texts;
  for (const DType dtype : dtypes) texts.push_back(gems::name(dtype));
  return texts;
}

std::string result_name(const OpDef& op, std::size_t index) {
  return op.result_count() == 1 ? "out" : fmt::format("out{}", index);
}

Json to_json(const OpDef& op) {
  Json json{
      {"name", op.name}, {"file", op.file}, {"line", op.line}, {"rowwise", op.is_rowwise}, {"operands", Json::array()}};
  for (const OperandDef& operand : op.operands) {
    Json& entry = json["operands"].emplace_back(Json{{"name", operand.name}, {"kind", kind_name(operand.kind)}});
    if (operand.dtype) entry["dtype"] = gems::name(*operand.dtype);
    if (operand.default_flag) entry["default"] = to_string(*operand.default_flag);
    for (const FlagValue& choice : operand.choices) entry["choices"].push_back(to_string(choice));
  }
  json["accepts"] = gems::text(op.accepts);
  json["results"] = Json::array();
  for (std::size_t i = 0; i < op.result_count(); ++i) {
    const Promotion& promotion = op.promotions[i];
    json["results"].push_back({{"name", result_name(op, i)},
                               {"promotion",
                                {{"operands", std::vector<int>(promotion.operands.begin(), promotion.operands.end())},
                                 {"kind", gems::name(promotion.kind)}}}});
  }
  return json;
}

}  // namespace

std::string list_ops(const Registry& registry) {
  std::size_t width = 0;
  for (const OpDef* op : registry.all()) width = std::max(width, op->name.size());
  std::string text;
  for (const OpDef* op : registry.all()) {
    std::vector<std::string> operands;
    for (const OperandDef& operand : op->operands)
      operands.push_back(operand.kind == OperandKind::Tensor
                             ? std::string(operand.name)
                             : fmt::format("{}: {}", operand.name, kind_name(operand.kind)));
    text += fmt::format("{:<{}}  ({})", op->name, width, fmt::join(operands, ", "));
    if (op->result_count() > 1) text += fmt::format(" -> {} results", op->result_count());
    text += "\n";
  }
  return text;
}

std::string list_ops_json(const Registry& registry) {
  Json json = Json::array();
  for (const OpDef* op : registry.all()) json.push_back(to_json(*op));
  return json.dump(2) + "\n";
}

std::string show_op(const OpDef& op) {
  std::string text = fmt::format("{}, defined at {}:{}\n\noperands\n", op.name, op.file, op.line);
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    const OperandDef& operand = op.operands[i];
    text += fmt::format("  {}  {:<12} {}", i, operand.name, kind_name(operand.kind));
    if (operand.dtype) text += fmt::format(" as {}", gems::name(*operand.dtype));
    if (operand.default_flag) text += fmt::format(", default {}", to_string(*operand.default_flag));
    for (std::size_t k = 0; k < operand.choices.size(); ++k)
      text += fmt::format("{}{}", k == 0 ? ", one of " : " ", to_string(operand.choices[k]));
    text += "\n";
  }
  text += "\nresults\n";
  for (std::size_t i = 0; i < op.result_count(); ++i)
    text += fmt::format("  {}  {:<12} promote({{{}}}, {})\n", i, result_name(op, i),
                        fmt::join(op.promotions[i].operands.begin(), op.promotions[i].operands.end(), ", "),
                        gems::name(op.promotions[i].kind));
  text += fmt::format("\ntakes {}\n", gems::text(op.accepts));
  text += "\ndtypes (of every tensor operand), what is computed in, and the result\n";
  std::vector<std::string_view> unsupported;
  std::string rows;
  const std::vector<DTypeRow> all = dtype_rows(op);
  for (const DTypeRow& row : all) {
    if (row.error.empty())
      text += fmt::format("  {:<10}  {:<10}  -> {}\n", gems::name(row.dtype), fmt::join(names(row.compute), ", "),
                          fmt::join(names(row.result), ", "));
    else
      unsupported.push_back(gems::name(row.dtype));
  }
  const auto supported = std::ranges::find_if(all, [](const DTypeRow& row) { return row.error.empty(); });
  if (op.is_rowwise && supported != all.end()) rows = row_text(trace(op, uniform_call(op, supported->dtype).operands));
  if (!unsupported.empty())
    text += fmt::format("  not supported: {} (reason: gems-codegen emit {} --dtypes {})\n",
                        fmt::join(unsupported, ", "), op.name, unsupported.front());
  return text + rows;
}

std::string show_op_json(const OpDef& op) {
  Json json = to_json(op);
  json["dtypes"] = Json::array();
  for (const DTypeRow& row : dtype_rows(op)) {
    Json& entry = json["dtypes"].emplace_back(Json{{"dtype", gems::name(row.dtype)}, {"supported", row.error.empty()}});
    if (row.error.empty()) {
      entry["compute"] = names(row.compute);
      entry["result"] = names(row.result);
    } else {
      entry["reason"] = row.error;
    }
  }
  return json.dump(2) + "\n";
}

}  // namespace gems::codegen
