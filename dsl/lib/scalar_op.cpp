// scalar_ops.def as a table.
#include "gems/dsl/scalar_op.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace gems {
namespace {

enum class Value : std::uint8_t { Same, Bool, RealPart, ComplexOf, Given };

struct Row {
  std::string_view text;
  int arity;
  Domain domain;
  Value value;
  int cost;
};

constexpr std::array rows{
#define GEMS_SCALAR_OP(Name, text, arity, domain, result, cost) Row{text, arity, Domain::domain, Value::result, cost},
#include "gems/dsl/scalar_ops.def"
};

constexpr const Row& row(ScalarOp op) { return rows[static_cast<std::size_t>(op)]; }

}  // namespace

std::string_view name(ScalarOp op) { return row(op).text; }
std::optional<ScalarOp> find_scalar_op(std::string_view name) {
  const auto found = std::ranges::find(rows, name, &Row::text);
  if (found == rows.end()) return std::nullopt;
  return static_cast<ScalarOp>(found - rows.begin());
}
int arity(ScalarOp op) { return row(op).arity; }
int cost(ScalarOp op) { return row(op).cost; }

Domain domain(ScalarOp op) { return row(op).domain; }

DType value_dtype(ScalarOp op, DType operands) {
  switch (row(op).value) {
    case Value::Bool:
      return DType::Bool;
    case Value::RealPart:
      return real_of(operands);
    case Value::ComplexOf:
      return complex_of(operands);
    case Value::Same:
    case Value::Given:
      break;
  }
  return operands;
}

}  // namespace gems
