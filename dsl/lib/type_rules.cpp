// The tables behind type_rules.h: names, arities, domains and value dtypes of the scalar operations.
#include "type_rules.h"

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

// The order of get_higher_dtype in torch._prims_common; dtypes of equal level meet one level up.
constexpr int level(DType t) {
  switch (t) {
    case DType::Bool:
      return 0;
    case DType::U8:
    case DType::I8:
      return 1;
    case DType::I16:
      return 2;
    case DType::I32:
      return 3;
    case DType::I64:
      return 4;
    case DType::F16:
    case DType::BF16:
      return 5;
    case DType::F32:
      return 6;
    case DType::F64:
      return 7;
    case DType::C32:
      return 8;
    case DType::C64:
      return 9;
    case DType::C128:
      return 10;
    case DType::U16:
    case DType::U32:
    case DType::U64:
    case DType::F8E4M3FN:
    case DType::F8E5M2:
    case DType::F8E4M3FNUZ:
    case DType::F8E5M2FNUZ:
    case DType::F8E8M0FNU:
      return -1;
  }
  return -1;
}

}  // namespace

std::string_view name(ScalarOp op) { return row(op).text; }
std::optional<ScalarOp> find_scalar_op(std::string_view name) {
  const auto found = std::ranges::find(rows, name, &Row::text);
  if (found == rows.end()) return std::nullopt;
  return static_cast<ScalarOp>(found - rows.begin());
}
int arity(ScalarOp op) { return row(op).arity; }
int cost(ScalarOp op) { return row(op).cost; }

std::optional<DType> common_dtype(DType a, DType b) {
  if (a == b) return a;
  if (is_complex(a)) b = complex_of(b);
  if (is_complex(b)) a = complex_of(a);
  if (a == b) return a;
  if (is_float8(a) || is_float8(b)) return std::nullopt;
  if (level(a) < 0 || level(b) < 0) {
    if (is_float(a)) return a;
    if (is_float(b)) return b;
    return std::nullopt;
  }
  if (level(a) != level(b)) return level(a) > level(b) ? a : b;
  return level(a) == 1 ? DType::I16 : DType::F32;
}

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
