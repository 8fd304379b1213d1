// What pointwise() and rowwise() share: metadata, and its checks against a body at compile time.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
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
void spec_error_promotion_names_only_optional_operands();
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

// The sum over all rows of an element's value: one value for each column. Only a result may be one.
struct ColumnSum {
  Expr value;

  template <std::same_as<Expr> E>
  operator E() const {
    static_assert(detail::AlwaysFalse<E>,
                  "a column_sum is known when all rows have been read: it can only be a result, and nothing of it");
    return value;
  }
};
inline ColumnSum column_sum(Expr x) { return {x}; }

// Several results: return outputs(a, b) from the body.
template <class... T>
std::tuple<T...> outputs(T... values) {
  return {values...};
}

namespace detail {

template <class T>
struct OperandKindOf {
  static_assert(AlwaysFalse<T>, "a body takes Tensor, Scalar, Flag, Row, Column and Optional parameters only");
};
template <>
struct OperandKindOf<Tensor> : std::integral_constant<OperandKind, OperandKind::Tensor> {};
template <>
struct OperandKindOf<Scalar> : std::integral_constant<OperandKind, OperandKind::Scalar> {};
template <>
struct OperandKindOf<Flag> : std::integral_constant<OperandKind, OperandKind::Flag> {};
template <>
struct OperandKindOf<Row> : std::integral_constant<OperandKind, OperandKind::Row> {};
template <>
struct OperandKindOf<Column> : std::integral_constant<OperandKind, OperandKind::Column> {};
template <class T>
struct OperandKindOf<Optional<T>> : OperandKindOf<T> {};

template <class T>
inline constexpr bool IsOptional = false;
template <class T>
inline constexpr bool IsOptional<Optional<T>> = true;

template <class... R>
struct ResultTraits {
  static_assert(((std::is_convertible_v<R, Expr> || std::is_same_v<R, ColumnSum>) && ...),
                "a body returns one expression, or outputs(a, b, ...) of expressions and column sums");
  static constexpr std::size_t count = sizeof...(R);
  static constexpr bool sums_columns = (std::is_same_v<R, ColumnSum> || ...);
};
template <class... R>
struct ResultTraits<std::tuple<R...>> : ResultTraits<R...> {};

template <class T>
struct BodyTraits;
template <class L, class R, class... A>
struct BodyTraits<R (L::*)(A...) const> {
  static constexpr std::array<OperandKind, sizeof...(A)> kinds{OperandKindOf<std::decay_t<A>>::value...};
  static constexpr std::array<bool, sizeof...(A)> is_optional{IsOptional<std::decay_t<A>>...};
  static constexpr std::size_t results = ResultTraits<std::decay_t<R>>::count;
  static constexpr bool sums_columns = ResultTraits<std::decay_t<R>>::sums_columns;

  static void run(Tracer& tracer) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      auto result = L{}(tracer.argument<std::decay_t<A>>(I)...);
      if constexpr (requires { std::tuple_size<decltype(result)>::value; }) {
        std::apply([&](const auto&... each) { (add(tracer, each), ...); }, result);
      } else {
        add(tracer, result);
      }
    }(std::index_sequence_for<A...>{});
  }

 private:
  static void add(Tracer& tracer, const Expr& value) { tracer.add_result(value); }
  static void add(Tracer& tracer, const ColumnSum& sum) { tracer.add_column_sum(sum.value); }
};

inline constexpr std::array<std::string_view, MaxOperands> tensor_names{"x",  "y",  "z",  "w",  "x4",  "x5",
                                                                        "x6", "x7", "x8", "x9", "x10", "x11"};
inline constexpr std::array<std::string_view, MaxOperands> scalar_names{"a",  "b",  "c",  "d",  "a4",  "a5",
                                                                        "a6", "a7", "a8", "a9", "a10", "a11"};
inline constexpr std::array<std::string_view, MaxOperands> flag_names{
    "flag", "flag1", "flag2", "flag3", "flag4", "flag5", "flag6", "flag7", "flag8", "flag9", "flag10", "flag11"};

template <class Body>
constexpr OpDef make_op(const Metadata& meta, Body, const char* file, int line) {
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
  std::array<std::size_t, 3> seen{};  // tensors, Scalars, Flags
  bool has_tensor = false;            // from which a call takes its shape
  for (std::size_t i = 0; i < count; ++i) {
    const OperandKind kind = Traits::kinds[i];
    OperandDef& operand = op.operands[i];
    operand.kind = kind;
    operand.is_optional = Traits::is_optional[i];
    has_tensor = has_tensor || (kind == OperandKind::Tensor && !operand.is_optional);
    const bool is_tensor = kind != OperandKind::Scalar && kind != OperandKind::Flag;
    if (!meta.is_tensor.empty() && meta.is_tensor[i] != is_tensor) spec_error_is_tensor_contradicts_the_body();
    if (!meta.dtypes.empty()) operand.dtype = meta.dtypes[i];
    if (operand.dtype && kind != OperandKind::Scalar) spec_error_dtype_given_for_a_tensor_operand();
    if (!meta.defaults.empty()) operand.default_flag = meta.defaults[i];
    if (operand.default_flag && kind != OperandKind::Flag) spec_error_default_given_for_an_operand_that_is_not_a_flag();
    if (!meta.choices.empty()) operand.choices = meta.choices[i];
    if (!operand.choices.empty() && kind != OperandKind::Flag)
      spec_error_choices_given_for_an_operand_that_is_not_a_flag();
    if (operand.default_flag && !is_choice(operand, *operand.default_flag))
      spec_error_default_is_not_among_the_choices();
    // Rows and columns are named like tensors.
    const std::size_t nth = seen[is_tensor ? 0 : static_cast<std::size_t>(kind)]++;
    operand.name = !meta.names.empty()           ? meta.names[i]
                   : is_tensor                   ? detail::tensor_names[nth]
                   : kind == OperandKind::Scalar ? detail::scalar_names[nth]
                                                 : detail::flag_names[nth];
    for (std::size_t j = 0; j < i; ++j)
      if (op.operands[j].name == operand.name) spec_error_operand_named_twice();
  }
  op.operands.count = count;
  if (!has_tensor) spec_error_op_needs_a_tensor_operand();

  for (const Promotion& promotion : op.promotions) {
    if (promotion.operands.empty()) spec_error_promotion_is_empty();
    bool is_only_optional = true;
    for (std::size_t i = 0; i < promotion.operands.size(); ++i) {
      const int position = promotion.operands[i];
      if (position < 0 || position >= static_cast<int>(count)) {
        spec_error_promotion_operand_out_of_range();
      } else if (op.operands[static_cast<std::size_t>(position)].kind == OperandKind::Flag) {
        spec_error_promotion_names_a_flag();
      } else if (!op.operands[static_cast<std::size_t>(position)].is_optional) {
        is_only_optional = false;
      }
      for (std::size_t j = 0; j < i; ++j)
        if (promotion.operands[j] == position) spec_error_promotion_names_operand_twice();
    }
    if (is_only_optional) spec_error_promotion_names_only_optional_operands();
  }
  return op;
}

}  // namespace detail

}  // namespace gems::dsl
