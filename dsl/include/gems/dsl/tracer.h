// Tracer: hands the body its operands and collects what it returns. Lives for one run of one body.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gems/dsl/element.h"
#include "gems/dsl/expr.h"
#include "gems/dsl/op.h"
#include "gems/dsl/trace.h"

namespace gems {

class Tracer {
 public:
  // result_dtypes: dtypes in memory, one a result. References must outlive the tracer.
  Tracer(const OpDef& op, std::span<const CallOperand> operands, const ResolvedTypes& types,
         std::span<const DType> result_dtypes);

  // The operand at a position, as the body's parameter type.
  template <class T>
  T argument(std::size_t position);

  // Adds the next result. A literal takes the compute dtype of that result (a bool literal stays bool); the value is
  // converted to the result's dtype in memory on store. When memory has another dtype than promotion gives (in-place,
  // out=), the value is first cast to the promoted dtype: a f16 sum stored into f32 is rounded to f16, as in ATen.
  void add_result(const dsl::Expr& value);
  // Adds the next result: the sum of the value over all rows.
  void add_column_sum(const dsl::Expr& value);

  // Appends a node for op on the given values, of which at least one is traced; called by dsl::apply. Values of
  // different dtypes meet in their common dtype; literals take the dtype of what they meet.
  dsl::Expr append(ScalarOp op, std::span<const dsl::Expr> args);
  dsl::Expr append_cast(const dsl::Expr& x, DType to);
  dsl::Expr append_bit_cast(const dsl::Expr& x, DType to);
  // A part of the reduction of a row; messages call it by the function of the body.
  dsl::Expr append_reduce(ReduceOp op, int part, const dsl::Expr& x, std::string_view function);
  // The value of x at an index of the row.
  dsl::Expr append_pick(const dsl::Expr& x, const dsl::Expr& index);
  // ScalarOp::RowIndex or RowLength.
  dsl::Expr append_of_row(ScalarOp op);
  // The value as result `index` stores it.
  dsl::Expr append_round_to_result(const dsl::Expr& x, std::size_t index);
  // The operand at a position, which the call left out, is read.
  [[noreturn]] void refuse_absent(std::size_t position) const;
  DType dtype(const dsl::Expr& x) const;
  Extent extent(const dsl::Expr& x) const;

  TraceGraph take() &&;

  // The tracer of a traced value, or null for a literal.
  static Tracer* of(const dsl::Expr& x) { return x.tracer_; }

  // A literal's value in bool, i64, f64 or c128, and back.
  static Element literal_value(const dsl::Expr& x);
  static dsl::Expr literal(const Element& value);

 private:
  dsl::Expr push(TraceNode node);
  // The value as a node of dtype `to`: a literal becomes a Literal node, a traced value is cast.
  // `context` begins the message when the literal does not fit.
  int materialize(const dsl::Expr& x, DType to, const std::string& context = {});
  // The dtype in which values meet; that of result when all are literals.
  DType meet(ScalarOp op, std::span<const dsl::Expr> values) const;
  DType literal_dtype(std::span<const dsl::Expr> literals, std::size_t result) const;
  void append_result(const dsl::Expr& value, bool is_column_sum);
  void require_rowwise(std::string_view what) const;
  void require_along_row(std::string_view function, const dsl::Expr& x) const;
  std::string describe(const dsl::Expr& x) const;
  [[noreturn]] void fail(const std::string& text) const;

  const OpDef& op_;
  const ResolvedTypes& types_;
  std::span<const DType> result_dtypes_;
  std::vector<FlagValue> flags_;    // by position
  std::vector<int> operand_nodes_;  // by position; -1 for flags and absent operands
  TraceGraph graph_;
  std::vector<Extent> extents_;  // of the nodes
};

template <>
dsl::Tensor Tracer::argument<dsl::Tensor>(std::size_t position);
template <>
dsl::Scalar Tracer::argument<dsl::Scalar>(std::size_t position);
template <>
dsl::Flag Tracer::argument<dsl::Flag>(std::size_t position);
template <>
dsl::Row Tracer::argument<dsl::Row>(std::size_t position);
template <>
dsl::Column Tracer::argument<dsl::Column>(std::size_t position);
template <>
dsl::Optional<dsl::Tensor> Tracer::argument<dsl::Optional<dsl::Tensor>>(std::size_t position);
template <>
dsl::Optional<dsl::Scalar> Tracer::argument<dsl::Optional<dsl::Scalar>>(std::size_t position);
template <>
dsl::Optional<dsl::Row> Tracer::argument<dsl::Optional<dsl::Row>>(std::size_t position);
template <>
dsl::Optional<dsl::Column> Tracer::argument<dsl::Optional<dsl::Column>>(std::size_t position);

}  // namespace gems
