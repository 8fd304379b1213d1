// OpDef: a named pointwise or rowwise function with its metadata. A constexpr value made by pointwise() or rowwise();
// plain data, no allocation, no registration. Here because everything downstream reads it without needing the
// expressions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gems/dsl/domain.h"
#include "gems/dsl/dtype.h"
#include "gems/dsl/fixed_list.h"
#include "gems/dsl/flag.h"

namespace gems {

inline constexpr std::size_t MaxOperands = 12;
inline constexpr std::size_t MaxResults = 4;
inline constexpr std::size_t MaxChoices = 5;

// How result and compute dtype follow from the dtypes of the operands named in a promotion (docs/promotion.md).
// Source: torch._prims_common.ELEMENTWISE_TYPE_PROMOTION_KIND.
enum class PromotionKind : std::uint8_t {
  Default,
  NoOpmath,
  IntToFloat,
  AlwaysBool,
  ComplexToFloat,
  BoolToLong,
  // Of rowwise ops. Accumulate: what is computed in. IntegralToLong: bool and integers to i64. Index: i64.
  Accumulate,
  IntegralToLong,
  Index
};

// The promotion of one result: which operands take part, by position, and by which rule.
struct Promotion {
  FixedList<int, MaxOperands> operands;
  PromotionKind kind = PromotionKind::Default;
};

constexpr Promotion promote(FixedList<int, MaxOperands> operands, PromotionKind kind) { return {operands, kind}; }

enum class OperandKind : std::uint8_t {
  Tensor,  // elements; a call may also pass a number here
  Scalar,  // always a number
  Flag,    // a constant of the call, visible to the body as a plain C++ value
  Row,     // of a rowwise op: a tensor of the kept dimensions, one value for each row
  Column,  // of a rowwise op: a tensor of the reduced dimensions, one value for each column
};

struct OperandDef {
  std::string_view name;
  OperandKind kind = OperandKind::Tensor;
  std::optional<DType> dtype;             // what a Scalar is converted to; else the compute dtype of the first result
  std::optional<FlagValue> default_flag;  // Flag: what the call means when it does not say
  FixedList<FlagValue, MaxChoices> choices;  // Flag: the values that it may have; none listed: any
  bool is_optional = false;                  // a call may leave it out
};

constexpr bool is_choice(const OperandDef& operand, const FlagValue& value) {
  for (const FlagValue& choice : operand.choices)
    if (choice == value) return true;
  return operand.choices.empty();
}

class Tracer;
class TraceSource;

struct OpDef {
  std::string_view name;
  FixedList<OperandDef, MaxOperands> operands;
  FixedList<Promotion, MaxResults> promotions;  // one a result
  Domain accepts = Domain::Any;                 // of the compute dtype of the first result
  void (*body)(Tracer&) = nullptr;
  const TraceSource* source = nullptr;  // of an op that was made at run time, which has no body (trace.h)
  std::string_view file;
  int line = 0;
  bool is_rowwise = false;

  constexpr std::size_t result_count() const { return promotions.size(); }
};

// For messages: "operand 1 'y'".
std::string describe_operand(const OpDef& op, int position);

}  // namespace gems
