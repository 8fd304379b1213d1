// reduce_ops.def as a table.
#include "gems/dsl/reduce_op.h"

#include <algorithm>
#include <array>

namespace gems {
namespace {

struct Row {
  std::string_view text;
  int parts;
  Domain domain;
};

constexpr std::array rows{
#define GEMS_REDUCE_OP(Name, text, parts, domain) Row{text, parts, Domain::domain},
#include "gems/dsl/reduce_ops.def"
};

constexpr const Row& row(ReduceOp op) { return rows[static_cast<std::size_t>(op)]; }

}  // namespace

std::string_view name(ReduceOp op) { return row(op).text; }
std::optional<ReduceOp> find_reduce_op(std::string_view name) {
  const auto found = std::ranges::find(rows, name, &Row::text);
  if (found == rows.end()) return std::nullopt;
  return static_cast<ReduceOp>(found - rows.begin());
}
int parts(ReduceOp op) { return row(op).parts; }
Domain domain(ReduceOp op) { return row(op).domain; }

DType part_dtype(ReduceOp op, int part, DType reduced) {
  const bool is_index = part == 1 && (op == ReduceOp::MaxIndex || op == ReduceOp::MinIndex);
  return is_index ? DType::I64 : reduced;
}

}  // namespace gems
