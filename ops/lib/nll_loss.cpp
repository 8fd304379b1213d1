// Definitions of nll_loss.h.
#include "gems/ops/nll_loss.h"

#include <limits>
#include <optional>

#include "gems/dsl.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

namespace {

struct Target {
  Target(const Row& target, const Tensor& x, const Optional<Column>& weight, const Scalar& ignore_index)
      : index(cast(target, DType::I64)),
        is_class(logical_and(index >= 0, index < row_length(x))),
        is_ignored(index == ignore_index),
        weight(weight ? pick(cast_like(*weight, x), index) : cast_like(is_class, x)) {}

  Expr known(const Expr& value) const {
    const Expr or_nan = select(is_class, value, std::numeric_limits<double>::quiet_NaN());
    return select(is_ignored, 0, or_nan);
  }
  Expr loss(const Tensor& x) const { return known(-(weight * pick(x, index))); }

  Expr index, is_class, is_ignored;
  Expr weight;  // of the class
};

}  // namespace

constexpr OpDef nll_loss_op = rowwise({.name = "nll_loss",
                                       .dtypes = {std::nullopt, std::nullopt, std::nullopt, DType::I64},
                                       .promotion_methods = {promote({0}, Default)},
                                       .names = {"x", "target", "weight", "ignore_index"},
                                       .accepts = Domain::Float},
                                      [](Tensor x, Row target, Optional<Column> weight, Scalar ignore_index) {
                                        return Target(target, x, weight, ignore_index).loss(x);
                                      });

constexpr OpDef nll_loss_and_weight_op =
    rowwise({.name = "nll_loss_and_weight",
             .dtypes = {std::nullopt, std::nullopt, std::nullopt, DType::I64},
             .promotion_methods = {promote({0}, Accumulate), promote({0}, Accumulate)},
             .names = {"x", "target", "weight", "ignore_index"},
             .accepts = Domain::Float},
            [](Tensor x, Row target, Optional<Column> weight, Scalar ignore_index) {
              const Target own(target, x, weight, ignore_index);
              return outputs(own.loss(x), own.known(own.weight));
            });

constexpr OpDef nll_loss_total_op = rowwise({.name = "nll_loss_total",
                                             .promotion_methods = {promote({0}, Default), promote({1}, Default)},
                                             .names = {"losses", "weights", "reduction"},
                                             .defaults = {std::nullopt, std::nullopt, "mean"},
                                             .choices = {{}, {}, {"mean", "sum"}},
                                             .accepts = Domain::Float},
                                            [](Tensor losses, Tensor weights, Flag reduction) {
                                              const Expr loss = row_sum(losses), weight = row_sum(weights);
                                              return outputs(reduction == "mean" ? loss / weight : loss, weight);
                                            });

constexpr OpDef nll_loss_gradient_op = rowwise(
    {.name = "nll_loss_gradient",
     .dtypes = {std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt, DType::I64},
     .promotion_methods = {promote({1}, Default)},
     .names = {"grad", "x", "target", "weight", "total_weight", "ignore_index"},
     .accepts = Domain::Float},
    [](Row grad, Tensor x, Row target, Optional<Column> weight, Optional<Row> total_weight, Scalar ignore_index) {
      const Target own(target, x, weight, ignore_index);
      const Expr by_loss = cast_like(grad, x);
      const Expr scale = total_weight ? by_loss / cast_like(*total_weight, x) : by_loss;
      return own.known(select(row_index(x) == own.index, -(scale * own.weight), 0));
    });

void register_nll_loss(Registry& registry) {
  for (const OpDef* op : {&nll_loss_op, &nll_loss_and_weight_op, &nll_loss_total_op, &nll_loss_gradient_op})
    registry.add(*op);
}

}  // namespace gems::ops
