// Tracer: hands the body its operands and collects what it returns. Lives for one run of one body.
#pragma once

#include <cstddef>
#include <span>

#include "gems/dsl/expr.h"
#include "gems/dsl/op.h"
#include "gems/dsl/trace.h"

namespace gems {

class Tracer {
 public:
  Tracer(const OpDef& op, std::span<const CallOperand> operands, const ResolvedTypes& types);

  // The operand at a position, as the body's parameter type.
  template <class T>
  T argument(std::size_t position);

  // value is cast to the result's compute dtype's result on store; a literal takes that dtype.
  void add_result(std::size_t index, const dsl::Expr& value);

  // Appends a node for op on the given values; called by dsl::apply.
  dsl::Expr append(ScalarOp op, std::span<dsl::Expr> args);
  dsl::Expr append_cast(const dsl::Expr& x, DType to);
  DType dtype(const dsl::Expr& x) const;

  TraceGraph take() &&;

  // The tracer of a traced value, or null for a literal.
  static Tracer* of(const dsl::Expr& x) { return x.tracer_; }

 private:
  int materialize(const dsl::Expr& x, DType to);

  const OpDef& op_;
  std::span<const CallOperand> operands_;
  const ResolvedTypes& types_;
  TraceGraph graph_;
};

template <>
dsl::Tensor Tracer::argument<dsl::Tensor>(std::size_t position);
template <>
dsl::Scalar Tracer::argument<dsl::Scalar>(std::size_t position);
template <>
dsl::Flag Tracer::argument<dsl::Flag>(std::size_t position);

}  // namespace gems
