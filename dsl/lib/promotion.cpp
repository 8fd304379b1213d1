// resolve_types: compute and result dtypes of a call, by the rules of torch._prims_common.elementwise_dtypes and, for
// u16, u32, u64 and float8, of c10::promoteTypes and at::native::result_type. First step of trace().
#include "gems/dsl/promotion.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common_dtype.h"
#include "gems/dsl/call.h"
#include "gems/dsl/error.h"
#include "gems/dsl/op.h"

namespace gems {
namespace {

bool is_tensor(CallOperand::Kind kind) {
  return kind == CallOperand::Kind::Tensor || kind == CallOperand::Kind::ZeroDim;
}

bool is_bare_unsigned(DType t) { return t == DType::U16 || t == DType::U32 || t == DType::U64; }

// As c10::promoteTypes: u16, u32 and u64 promote with themselves and floats, float8 with itself.
bool promotes(DType a, DType b) {
  if (a == b) return true;
  if (is_float8(a) || is_float8(b)) return false;
  if (is_bare_unsigned(a)) return is_float(b);
  return !is_bare_unsigned(b) || is_float(a);
}

// What one promotion sees of its operands: the highest category, and the dtypes of tensors met so far, by priority.
class Participants {
 public:
  Participants(const OpDef& op, std::span<const CallOperand> operands, const Promotion& promotion)
      : op_(op), operands_(operands) {
    for (const int position : promotion.operands) {
      const CallOperand& operand = operands[static_cast<std::size_t>(position)];
      if (operand.kind == CallOperand::Kind::Absent) continue;
      category_ = std::max(category_, category(operand.dtype));
    }
    for (std::size_t i = 0; i < promotion.operands.size(); ++i) {
      add(promotion.operands[i]);
      for (std::size_t j = 0; j < i; ++j) check_pair(promotion.operands[j], promotion.operands[i]);
    }
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
  };

  const CallOperand& operand(int position) const { return operands_[static_cast<std::size_t>(position)]; }

  void add(int position) {
    if (!is_tensor(operand(position).kind)) return;
    Group& group = operand(position).kind == CallOperand::Kind::ZeroDim ? zero_dim_ : ranked_;
    DType dtype = operand(position).dtype;
    if (category_ == Category::Complex && is_float(dtype)) dtype = complex_of(dtype);
    if (category(dtype) != category_) return;
    group.dtype = group.dtype ? common_dtype(*group.dtype, dtype) : dtype;
  }

  void check_pair(int first, int second) const {
    if (operand(first).kind > operand(second).kind) std::swap(first, second);  // the first has priority
    if (!is_tensor(operand(first).kind) || operand(second).kind == CallOperand::Kind::Absent) return;
    const DType high = operand(first).dtype;
    const DType low = operand(second).dtype;
    const bool is_tensor = operand(second).kind != CallOperand::Kind::Number;
    if (operand(first).kind == operand(second).kind || (is_bool(high) && is_tensor)) {
      if (!promotes(high, low)) fail(first, second);
    } else if (category(low) > category(high) && (is_float8(high) || is_float8(low))) {
      fail(first, second);
    }
  }

  [[noreturn]] void fail(int first, int second) const {
    const bool is_first = is_bare_unsigned(operand(first).dtype) || is_float8(operand(first).dtype);
    const int position = is_first ? first : second;
    const int other = is_first ? second : first;
    const bool is_unsigned = is_bare_unsigned(operand(position).dtype);
    throw Error(fmt::format(
        "op '{}': {} is {}, which does not promote with {}: {}; convert one of the operands first", op_.name,
        describe_operand(op_, position), name(operand(position).dtype), name(operand(other).dtype),
        is_unsigned ? "u16, u32 and u64 meet only themselves and floats" : "a float8 meets only itself and numbers"));
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
      return {promoted, DType::Bool};
    case PromotionKind::ComplexToFloat:
      return {opmath_of(promoted), real_of(promoted)};
    case PromotionKind::BoolToLong:
      if (is_bool(promoted)) promoted = DType::I64;
      break;
    case PromotionKind::Accumulate:
      return {opmath_of(promoted), opmath_of(promoted)};
    case PromotionKind::IntegralToLong:
      if (is_integral(promoted)) promoted = DType::I64;
      break;
    case PromotionKind::Index:
      return {opmath_of(promoted), DType::I64};
  }
  return {opmath_of(promoted), promoted};
}

// The op's own domain, told by the operand that leaves it.
void check_domain(const OpDef& op, std::span<const CallOperand> operands, DType compute) {
  if (contains(op.accepts, compute)) return;
  const auto& candidates = op.promotions[0].operands;
  const auto outside = std::ranges::find_if(candidates, [&](int position) {
    const CallOperand& operand = operands[static_cast<std::size_t>(position)];
    return operand.kind != CallOperand::Kind::Absent && !contains(op.accepts, operand.dtype);
  });
  const int position = outside == candidates.end() ? candidates[0] : *outside;
  throw Error(fmt::format("op '{}' takes {}: {} is {}, convert it first", op.name, text(op.accepts),
                          describe_operand(op, position), name(operands[static_cast<std::size_t>(position)].dtype)));
}

// A number that is used in a dtype of a lower category would lose its fraction or its imaginary part.
void check_number(const OpDef& op, std::size_t position, const CallOperand& given, DType compute) {
  const Category number = category(given.dtype);
  if (number <= Category::Integer || number <= category(compute)) return;
  const bool is_complex = number == Category::Complex;
  throw Error(fmt::format("op '{}': {} is a {} number, used in {}: pass {}, or convert the tensors to {} first",
                          op.name, describe_operand(op, static_cast<int>(position)), is_complex ? "complex" : "float",
                          name(compute), is_float(compute) ? "a real one" : "an integer",
                          is_complex ? "complex numbers" : "floats"));
}

}  // namespace

std::string_view name(CallOperand::Kind kind) {
  constexpr std::array<std::string_view, 5> names{"tensor", "zero_dim", "number", "flag", "absent"};
  return names[static_cast<std::size_t>(kind)];
}

ResolvedTypes resolve_types(const OpDef& op, std::span<const CallOperand> operands, DType default_dtype) {
  check_call(op, operands);
  ResolvedTypes types;
  std::array<std::optional<DType>, MaxOperands> compute;
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
  check_domain(op, operands, types.result_compute[0]);
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const OperandDef& operand = op.operands[i];
    if (operand.dtype) compute[i] = operand.dtype;
    const DType unnamed = operand.kind == OperandKind::Scalar ? types.result_compute[0] : operands[i].dtype;
    types.operand_compute.push_back(compute[i].value_or(unnamed));
    if (operand.kind == OperandKind::Scalar) check_number(op, i, operands[i], types.operand_compute[i]);
  }
  return types;
}

}  // namespace gems
