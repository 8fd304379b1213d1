// Definitions of logical.h.
#include "gems/ops/logical.h"

#include "gems/dsl.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

constexpr OpDef bitwise_and_op =
    pointwise({.name = "bitwise_and", .promotion_methods = {promote({0, 1}, Default)}, .accepts = Domain::Integral},
              [](Tensor x, Tensor y) { return x & y; });

constexpr OpDef bitwise_or_op =
    pointwise({.name = "bitwise_or", .promotion_methods = {promote({0, 1}, Default)}, .accepts = Domain::Integral},
              [](Tensor x, Tensor y) { return x | y; });

constexpr OpDef bitwise_xor_op =
    pointwise({.name = "bitwise_xor", .promotion_methods = {promote({0, 1}, Default)}, .accepts = Domain::Integral},
              [](Tensor x, Tensor y) { return x ^ y; });

constexpr OpDef bitwise_not_op =
    pointwise({.name = "bitwise_not", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Integral},
              [](Tensor x) { return ~x; });

constexpr OpDef logical_and_op = pointwise({.name = "logical_and", .promotion_methods = {promote({0, 1}, AlwaysBool)}},
                                           [](Tensor x, Tensor y) { return logical_and(x, y); });

constexpr OpDef logical_or_op = pointwise({.name = "logical_or", .promotion_methods = {promote({0, 1}, AlwaysBool)}},
                                          [](Tensor x, Tensor y) { return logical_or(x, y); });

constexpr OpDef logical_xor_op = pointwise({.name = "logical_xor", .promotion_methods = {promote({0, 1}, AlwaysBool)}},
                                           [](Tensor x, Tensor y) { return logical_xor(x, y); });

constexpr OpDef logical_not_op = pointwise({.name = "logical_not", .promotion_methods = {promote({0}, AlwaysBool)}},
                                           [](Tensor x) { return logical_not(x); });

void register_logical(Registry& registry) {
  for (const OpDef* op : {&bitwise_and_op, &bitwise_or_op, &bitwise_xor_op, &bitwise_not_op, &logical_and_op,
                          &logical_or_op, &logical_xor_op, &logical_not_op})
    registry.add(*op);
}

}  // namespace gems::ops
