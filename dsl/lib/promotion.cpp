// resolve_types: compute and result dtypes of a call, by the rules of torch._prims_common.elementwise_dtypes and, for
// u16, u32 and u64, of c10::promoteTypes. First step of trace().
#include <algorithm>
#include <cstddef>
#include <optional>

#include <fmt/format.h>

#include "call.h"
#include "gems/dsl/error.h"
#include "gems/dsl/op.h"
#include "gems/dsl/trace.h"
#include "type_rules.h"

namespace gems {
namespace {

bool is_bare_unsigned(DType t) { return t == DType::U16 || t == DType::U32 || t == DType::U64; }

// What one promotion sees of its operands: the highest category, and the dtypes of tensors met so far, by priority.
class Participants {
 public:
  Participants(const OpDef& op, std::span<const CallOperand> operands, const Promotion& promotion)
      : op_(op), operands_(operands) {
    for (const int position : promotion.operands) {
      const CallOperand& operand = operands[static_cast<std::size_t>(position)];
      category_ = std::max(category_, category(operand.dtype));
    }
    for (const int position : promotion.operands) add(position);
    if (ranked_.bool_seen && zero_dim_.unsigned_position >= 0) fail(zero_dim_.unsigned_position, name(DType::Bool));
  }

  // The promoted dtype before the kind's own rule.
  DType promoted(DType default_dtype) const {
    const std::optional<DType> found = ranked_.dtype ? ranked_.dtype : zero_dim_.dtype;
    switch (category_) {
      case Category::Bool:
        return DType::Bool;
      case Category::Integer:
        return found.value_or(DType::I64);
      case Category::Float:
        return found.value_or(default_dtype);
      case Category::Complex:
        return found.value_or(complex_of(default_dtype));
    }
    return default_dtype;
  }

 private:
  struct Group {
    std::optional<DType> dtype;  // highest one of the winning category
    int unsigned_position = -1;
    int other_position = -1;  // one that is neither float nor u16, u32, u64
    bool bool_seen = false;
  };

  void add(int position) {
    const CallOperand& operand = operands_[static_cast<std::size_t>(position)];
    if (operand.kind == CallOperand::Kind::Number) return;
    Group& group = operand.kind == CallOperand::Kind::ZeroDim ? zero_dim_ : ranked_;
    check_unsigned(group, position);
    group.bool_seen |= is_bool(operand.dtype);
    DType dtype = operand.dtype;
    if (category_ == Category::Complex && is_float(dtype)) dtype = complex_of(dtype);
    if (category(dtype) != category_) return;
    group.dtype = group.dtype ? common_dtype(*group.dtype, dtype) : dtype;
  }

  // Among tensors of one priority u16, u32 and u64 promote with themselves and with floats only.
  void check_unsigned(Group& group, int position) {
    const DType dtype = operands_[static_cast<std::size_t>(position)].dtype;
    if (is_float(dtype)) return;
    if (group.unsigned_position >= 0) {
      if (operands_[static_cast<std::size_t>(group.unsigned_position)].dtype != dtype)
        fail(group.unsigned_position, name(dtype));
    } else if (is_bare_unsigned(dtype)) {
      if (group.other_position >= 0)
        fail(position, name(operands_[static_cast<std::size_t>(group.other_position)].dtype));
      group.unsigned_position = position;
    } else {
      group.other_position = position;
    }
  }

  [[noreturn]] void fail(int position, std::string_view other) const {
    throw Error(fmt::format(
        "op '{}': {} is {}, which does not promote with {}: u16, u32 and u64 meet only themselves "
        "and floats; convert one of the operands first",
        op_.name, describe_operand(op_, position), name(operands_[static_cast<std::size_t>(position)].dtype), other));
  }

  const OpDef& op_;
  std::span<const CallOperand> operands_;
  Category category_ = Category::Bool;
  Group ranked_;
  Group zero_dim_;
};

struct Pair {
  DType compute;
  DType result;
};

Pair apply_kind(PromotionKind kind, DType promoted, DType default_dtype) {
  switch (kind) {
    case PromotionKind::Default:
      break;
    case PromotionKind::NoOpmath:
      return {promoted, promoted};
    case PromotionKind::IntToFloat:
      if (is_integral(promoted)) promoted = default_dtype;
      break;
    case PromotionKind::AlwaysBool:
      return {opmath_of(promoted), DType::Bool};
    case PromotionKind::ComplexToFloat:
      return {opmath_of(promoted), real_of(promoted)};
    case PromotionKind::BoolToLong:
      if (is_bool(promoted)) promoted = DType::I64;
      break;
  }
  return {opmath_of(promoted), promoted};
}

}  // namespace

ResolvedTypes resolve_types(const OpDef& op, std::span<const CallOperand> operands, DType default_dtype) {
  check_call(op, operands);
  ResolvedTypes types;
  std::vector<std::optional<DType>> compute(operands.size());
  for (const Promotion& promotion : op.promotions) {
    const DType promoted = Participants(op, operands, promotion).promoted(default_dtype);
    const Pair pair = apply_kind(promotion.kind, promoted, default_dtype);
    types.result_compute.push_back(pair.compute);
    types.result.push_back(pair.result);
    for (const int position : promotion.operands) {
      std::optional<DType>& slot = compute[static_cast<std::size_t>(position)];
      if (!slot) slot = pair.compute;
    }
  }
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const OperandDef& operand = op.operands[i];
    if (operand.dtype) compute[i] = operand.dtype;
    const DType unnamed = operand.kind == OperandKind::Scalar ? types.result_compute[0] : operands[i].dtype;
    types.operand_compute.push_back(compute[i].value_or(unnamed));
  }
  return types;
}

}  // namespace gems
