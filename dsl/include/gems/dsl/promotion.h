// Promotion: from what a caller passes to the dtypes that the body computes in and the results have.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gems/dsl/dtype.h"
#include "gems/dsl/fields.h"
#include "gems/dsl/flag.h"
#include "gems/dsl/op.h"

namespace gems {

// What the caller passes at one operand position.
struct CallOperand {
  enum class Kind : std::uint8_t {
    Tensor,   // at least one dimension
    ZeroDim,  // a 0-dim tensor: lower priority in promotion
    Number,   // a number (a Python number, a wrapped number, an at::Scalar): lowest priority
    Flag,
    Absent,  // an optional operand that was not given
  };
  Kind kind;
  DType dtype = DType::F32;  // Number: Bool, I64, F64 or C128 by the number's own type. Flag: unused.
  bool in_memory = true;     // ZeroDim: false if it is passed as a parameter (a CPU scalar beside CUDA tensors)
  FlagValue flag{};

  bool is_in_memory() const { return kind == Kind::Tensor || (kind == Kind::ZeroDim && in_memory); }
  // One value per launch rather than elements in memory.
  bool is_number() const { return kind == Kind::Number || (kind == Kind::ZeroDim && !in_memory); }
  bool operator==(const CallOperand&) const = default;
};

std::string_view name(CallOperand::Kind kind);

template <class Visit>
constexpr void for_each_field(const CallOperand& operand, Visit&& visit) {
  const auto& [kind, dtype, in_memory, flag] = operand;
  visit("kind", kind);
  visit("dtype", dtype);
  visit("in_memory", in_memory);
  visit("flag", flag);
}

// Compute dtype for each operand position (flags: unused) and each result, and each result's dtype in memory.
// Source of the rules: torch._prims_common.elementwise_dtypes. Throws gems::Error for combinations that do not promote
// (u16, u32 and u64 with anything else).
struct ResolvedTypes {
  FixedList<DType, MaxOperands> operand_compute;
  FixedList<DType, MaxResults> result_compute;
  FixedList<DType, MaxResults> result;
  bool operator==(const ResolvedTypes&) const = default;
};
ResolvedTypes resolve_types(const OpDef& op, std::span<const CallOperand> operands, DType default_dtype = DType::F32);

}  // namespace gems
