// pointwise(): makes an OpDef from metadata and a lambda, and checks one against the other at compile time.
//
//   constexpr OpDef silu_op = pointwise({.name = "silu", .promotion_methods = {promote({0}, Default)}},
//                                       [](Tensor x) { return x / (1 + exp(-x)); });
#pragma once

#include "gems/dsl/metadata.h"

void spec_error_a_pointwise_op_has_no_rows_and_columns();
void spec_error_a_pointwise_op_promotes_as_rowwise_ops_do();

namespace gems::dsl {

template <class Body>
constexpr OpDef pointwise(const Metadata& meta, Body body, const char* file = __builtin_FILE(),
                          int line = __builtin_LINE()) {
  const OpDef op = detail::make_op(meta, body, file, line);
  for (const OperandDef& operand : op.operands)
    if (operand.kind == OperandKind::Row || operand.kind == OperandKind::Column || operand.is_optional)
      spec_error_a_pointwise_op_has_no_rows_and_columns();
  for (const Promotion& promotion : op.promotions)
    if (promotion.kind == PromotionKind::Accumulate || promotion.kind == PromotionKind::IntegralToLong ||
        promotion.kind == PromotionKind::Index)
      spec_error_a_pointwise_op_promotes_as_rowwise_ops_do();
  static_assert(!detail::BodyTraits<decltype(&Body::operator())>::sums_columns,
                "column_sum belongs to rowwise(): a pointwise op has no rows");
  return op;
}

}  // namespace gems::dsl
