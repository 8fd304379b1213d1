// ScalarOp: the operations that bodies are made of, one for each row of scalar_ops.def.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gems/dsl/domain.h"

namespace gems {

enum class ScalarOp : std::uint8_t {
#define GEMS_SCALAR_OP(Name, text, arity, domain, result, cost) Name,
#include "gems/dsl/scalar_ops.def"
};

std::string_view name(ScalarOp op);
std::optional<ScalarOp> find_scalar_op(std::string_view name);
int arity(ScalarOp op);
int cost(ScalarOp op);  // about how many instructions on f32 (scalar_ops.def)

// What only rowwise ops have: reductions, and what is known of a row.
constexpr bool is_rowwise(ScalarOp op) {
  return op == ScalarOp::Reduce || op == ScalarOp::Pick || op == ScalarOp::RowIndex || op == ScalarOp::RowLength;
}

// The dtypes that op takes. For Select: its values, not its condition.
Domain domain(ScalarOp op);

// The dtype of op's value on operands of one dtype. Not where scalar_ops.def says Given: their nodes say it.
DType value_dtype(ScalarOp op, DType operands);

}  // namespace gems
