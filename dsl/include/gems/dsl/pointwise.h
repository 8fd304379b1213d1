// pointwise(): makes an OpDef from metadata and a lambda, and checks one against the other at compile time.
//
//   constexpr OpDef silu_op = pointwise({.name = "silu", .promotion_methods = {promote({0}, Default)}},
//                                       [](Tensor x) { return x / (1 + exp(-x)); });
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "gems/dsl/expr.h"
#include "gems/dsl/op.h"
#include "gems/dsl/tracer.h"

// Declared, never defined: a call of one in a constant expression is a compile error that shows its name.
void spec_error_name_is_empty();
void spec_error_is_tensor_has_wrong_length();
void spec_error_is_tensor_contradicts_the_body();
void spec_error_dtypes_has_wrong_length();
void spec_error_dtype_given_for_a_tensor_operand();
void spec_error_names_has_wrong_length();
void spec_error_operand_named_twice();
void spec_error_defaults_has_wrong_length();
void spec_error_default_given_for_an_operand_that_is_not_a_flag();
void spec_error_choices_has_wrong_length();
void spec_error_choices_given_for_an_operand_that_is_not_a_flag();
void spec_error_default_is_not_among_the_choices();
void spec_error_promotion_methods_needs_one_entry_per_result();
void spec_error_promotion_is_empty();
void spec_error_promotion_operand_out_of_range();
void spec_error_promotion_names_a_flag();
void spec_error_promotion_names_operand_twice();
void spec_error_op_needs_a_tensor_operand();

namespace gems::dsl {

using enum PromotionKind;
using gems::promote;

struct Metadata {
  std::string_view name;
  FixedList<bool, MaxOperands> is_tensor{};               // implied by the body; checked when written
  FixedList<std::optional<DType>, MaxOperands> dtypes{};  // of Scalar operands; optional
  FixedList<Promotion, MaxResults> promotion_methods{};   // one a result
  FixedList<std::string_view, MaxOperands> names{};  // of operands in emitted code; default x, y, z, ... and a, b, ...
  FixedList<std::optional<FlagValue>, MaxOperands> defaults{};         // of Flag operands
  FixedList<FixedList<FlagValue, MaxChoices>, MaxOperands> choices{};  // of Flag operands: all values they may have
  Domain accepts = Domain::Any;  // what the first result may be computed in: a call of another dtype is refused
};

// Several results: return outputs(a, b) from the body.
template <std::size_t N>
using Outputs = std::array<Expr, N>;
template <class... T>
Outputs<sizeof...(T)> outputs(T... values) {
  return {Expr(values)...};
}

namespace detail {

template <class T>
struct OperandKindOf {
  static_assert(AlwaysFalse<T>, "a body takes Tensor, Scalar and Flag parameters only");
};
template <>
struct OperandKindOf<Tensor> : std::integral_constant<OperandKind, OperandKind::Tensor> {};
template <>
struct OperandKindOf<Scalar> : std::integral_constant<OperandKind, OperandKind::Scalar> {};
template <>
struct OperandKindOf<Flag> : std::integral_constant<OperandKind, OperandKind::Flag> {};

template <class R>
struct ResultCount : std::integral_constant<std::size_t, 1> {
  static_assert(std::is_convertible_v<R, Expr>, "a body returns one expression, or outputs(a, b, ...)");
};
template <std::size_t N>
struct ResultCount<std::array<Expr, N>> : std::integral_constant<std::size_t, N> {};

template <class T>
struct BodyTraits;
template <class L, class R, class... A>
struct BodyTraits<R (L::*)(A...) const> {
  static constexpr std::array<OperandKind, sizeof...(A)> kinds{OperandKindOf<std::decay_t<A>>::value...};
  static constexpr std::size_t results = ResultCount<std::decay_t<R>>::value;

  static void run(Tracer& tracer) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      auto result = L{}(tracer.argument<std::decay_t<A>>(I)...);
      if constexpr (requires { result.size(); }) {
        for (std::size_t i = 0; i < result.size(); ++i) tracer.add_result(i, result[i]);
      } else {
        tracer.add_result(0, result);
      }
    }(std::index_sequence_for<A...>{});
  }
};

inline constexpr std::array<std::string_view, MaxOperands> tensor_names{"x",  "y",  "z",  "w",  "x4",  "x5",
                                                                        "x6", "x7", "x8", "x9", "x10", "x11"};
inline constexpr std::array<std::string_view, MaxOperands> scalar_names{"a",  "b",  "c",  "d",  "a4",  "a5",
                                                                        "a6", "a7", "a8", "a9", "a10", "a11"};
inline constexpr std::array<std::string_view, MaxOperands> flag_names{
    "flag", "flag1", "flag2", "flag3", "flag4", "flag5", "flag6", "flag7", "flag8", "flag9", "flag10", "flag11"};

}  // namespace detail

template <class Body>
constexpr OpDef pointwise(const Metadata& meta, Body, const char* file = __builtin_FILE(),
                          int line = __builtin_LINE()) {
  static_assert(std::is_empty_v<Body>, "the body captures a variable: pass it as a Scalar or Flag operand instead");
  static_assert(
      requires { &Body::operator(); },
      "the body is a lambda with Tensor, Scalar and Flag parameters (auto parameters are not supported)");
  using Traits = detail::BodyTraits<decltype(&Body::operator())>;
  constexpr std::size_t count = Traits::kinds.size();
  static_assert(count <= MaxOperands, "an op has at most 12 operands");
  static_assert(Traits::results <= MaxResults, "an op has at most 4 results");

  if (meta.name.empty()) spec_error_name_is_empty();
  if (!meta.is_tensor.empty() && meta.is_tensor.size() != count) spec_error_is_tensor_has_wrong_length();
  if (!meta.dtypes.empty() && meta.dtypes.size() != count) spec_error_dtypes_has_wrong_length();
  if (!meta.names.empty() && meta.names.size() != count) spec_error_names_has_wrong_length();
  if (!meta.defaults.empty() && meta.defaults.size() != count) spec_error_defaults_has_wrong_length();
  if (!meta.choices.empty() && meta.choices.size() != count) spec_error_choices_has_wrong_length();
  if (meta.promotion_methods.size() != Traits::results) spec_error_promotion_methods_needs_one_entry_per_result();

  OpDef op;
  op.name = meta.name;
  op.promotions = meta.promotion_methods;
  op.accepts = meta.accepts;
  op.body = &Traits::run;
  op.file = file;
  op.line = line;
  std::array<std::size_t, 3> seen{};
  for (std::size_t i = 0; i < count; ++i) {
    const OperandKind kind = Traits::kinds[i];
    OperandDef& operand = op.operands[i];
    operand.kind = kind;
    if (!meta.is_tensor.empty() && meta.is_tensor[i] != (kind == OperandKind::Tensor))
      spec_error_is_tensor_contradicts_the_body();
    if (!meta.dtypes.empty()) operand.dtype = meta.dtypes[i];
    if (operand.dtype && kind != OperandKind::Scalar) spec_error_dtype_given_for_a_tensor_operand();
    if (!meta.defaults.empty()) operand.default_flag = meta.defaults[i];
    if (operand.default_flag && kind != OperandKind::Flag) spec_error_default_given_for_an_operand_that_is_not_a_flag();
    if (!meta.choices.empty()) operand.choices = meta.choices[i];
    if (!operand.choices.empty() && kind != OperandKind::Flag)
      spec_error_choices_given_for_an_operand_that_is_not_a_flag();
    if (operand.default_flag && !is_choice(operand, *operand.default_flag))
      spec_error_default_is_not_among_the_choices();
    const std::size_t nth = seen[static_cast<std::size_t>(kind)]++;
    operand.name = !meta.names.empty()           ? meta.names[i]
                   : kind == OperandKind::Tensor ? detail::tensor_names[nth]
                   : kind == OperandKind::Scalar ? detail::scalar_names[nth]
                                                 : detail::flag_names[nth];
    for (std::size_t j = 0; j < i; ++j)
      if (op.operands[j].name == operand.name) spec_error_operand_named_twice();
  }
  op.operands.count = count;
  if (seen[0] == 0) spec_error_op_needs_a_tensor_operand();

  for (const Promotion& promotion : op.promotions) {
    if (promotion.operands.empty()) spec_error_promotion_is_empty();
    for (std::size_t i = 0; i < promotion.operands.size(); ++i) {
      const int position = promotion.operands[i];
      if (position < 0 || position >= static_cast<int>(count)) {
        spec_error_promotion_operand_out_of_range();
      } else if (op.operands[static_cast<std::size_t>(position)].kind == OperandKind::Flag) {
        spec_error_promotion_names_a_flag();
      }
      for (std::size_t j = 0; j < i; ++j)
        if (promotion.operands[j] == position) spec_error_promotion_names_operand_twice();
    }
  }
  return op;
}

}  // namespace gems::dsl
