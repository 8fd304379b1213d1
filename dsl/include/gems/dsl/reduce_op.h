// ReduceOp: how a row becomes one value, one for each row of reduce_ops.def.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gems/dsl/domain.h"

namespace gems {

enum class ReduceOp : std::uint8_t {
#define GEMS_REDUCE_OP(Name, text, parts, domain) Name,
#include "gems/dsl/reduce_ops.def"
};

std::string_view name(ReduceOp op);
std::optional<ReduceOp> find_reduce_op(std::string_view name);
int parts(ReduceOp op);
Domain domain(ReduceOp op);

// The dtype of a part of the reduction of values of a dtype.
DType part_dtype(ReduceOp op, int part, DType reduced);

}  // namespace gems
