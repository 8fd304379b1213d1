// Reads a call from its words and traces it.
#include "operators/trace_text.h"

#include <c10/core/DefaultDtype.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "gems/aten/dtype.h"
#include "gems/dsl/error.h"
#include "gems/dsl/trace.h"
#include "operators/operators.h"

namespace gems::aten {
namespace {

FlagValue parse_flag(std::string_view text) {
  if (text.empty()) return {};
  if (text == "true" || text == "false") return text == "true";
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return text;
}

CallOperand parse_operand(std::string_view word) {
  using enum CallOperand::Kind;
  const std::size_t colon = word.find(':');
  const std::string_view kind = word.substr(0, colon);
  const std::string_view value = colon == std::string_view::npos ? "" : word.substr(colon + 1);
  if (kind == "absent") return {.kind = Absent};
  if (kind == "flag") return {.kind = Flag, .flag = parse_flag(value)};
  const auto dtype = parse_dtype(value);
  if (dtype && kind == "tensor") return {.kind = Tensor, .dtype = *dtype};
  if (dtype && kind == "zero_dim") return {.kind = ZeroDim, .dtype = *dtype};
  if (dtype && kind == "number") return {.kind = Number, .dtype = *dtype, .in_memory = false};
  throw Error(fmt::format(
      "'{}' is no operand of a call: give tensor:DTYPE, zero_dim:DTYPE, number:DTYPE, flag:VALUE or absent", word));
}

}  // namespace

std::string trace_text(const std::string& name, std::string_view call) {
  const OpDef* op = find_operator(name);
  if (op == nullptr) throw Error(fmt::format("'{}' is no operator of gems", name));
  std::vector<CallOperand> operands;
  while (!call.empty()) {
    const std::size_t end = std::min(call.find(' '), call.size());
    operands.push_back(parse_operand(call.substr(0, end)));
    call.remove_prefix(std::min(end + 1, call.size()));
  }
  return to_string(trace(*op, operands, {}, *to_dtype(c10::get_default_dtype_as_scalartype())));
}

}  // namespace gems::aten
