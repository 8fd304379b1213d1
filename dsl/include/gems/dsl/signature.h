// Signature: everything that the trace of a call follows from. Sizes, strides and values of numbers are no part of it.
#pragma once

#include <string>

#include "gems/dsl/fields.h"
#include "gems/dsl/fixed_list.h"
#include "gems/dsl/op.h"
#include "gems/dsl/promotion.h"
#include "gems/dsl/trace.h"

namespace gems {

struct Signature {
  const OpDef* op = nullptr;
  DType default_dtype = DType::F32;
  FixedList<CallOperand, MaxOperands> operands;
  FixedList<DType, MaxResults> results;  // in memory
  bool operator==(const Signature&) const = default;
};

template <class Visit>
constexpr void for_each_field(const Signature& signature, Visit&& visit) {
  const auto& [op, default_dtype, operands, results] = signature;
  visit("op", op);
  visit("default_dtype", default_dtype);
  visit("operands", operands);
  visit("results", results);
}

// As trace() of its parts.
TraceGraph trace(const Signature& signature);

// For messages: "op add, default_dtype f32, operands [kind tensor, dtype f32, ...; ...], results [f32]".
std::string to_string(const Signature& signature);

}  // namespace gems
