// Override: one overload of an ATen operator that gems can serve, and what happened to its calls.
#pragma once

#include <span>
#include <string>

#include "gems/aten/serve.h"
#include "overrides/composed/op_runner.h"
#include "products/product_call.h"
#include "serve/call_counts.h"
#include "switches/switches.h"

namespace gems::aten {

class Override;
struct RowCall;

// A call of the overload: its arguments in ATen's order, as arrange() leaves them for the op.
struct OverrideCall {
  const OpDef* op = nullptr;
  std::span<CallArgument> arguments;

  at::Scalar number{};  // where arrange() keeps one that ATen passed as a tensor
};

// Fits ATen's arguments to the operands of an op, when they are not the same in the same order; may choose another op.
using Arrange = std::optional<DeclineReason> (*)(const Override&, OverrideCall&);

// The same for a rowwise op: operands and dimensions.
using RowArrange = std::optional<DeclineReason> (*)(const Override&, RowCall&);

// What a row of the table says.
struct OverrideRow {
  std::string_view op;  // empty: a product, or composed of several
  CallRules rules;
  Arrange arrange = nullptr;
  RowArrange row_arrange = nullptr;
};

class Override {
 public:
  Override(std::string name, const OverrideRow& row, std::size_t index);

  const std::string& name() const { return name_; }  // as ATen: "add.Tensor", "relu_"
  std::size_t index() const { return index_; }
  bool is_on() const { return aten::is_on(index_); }

  // Counts the call. True when it was served; results as in Request.
  bool serve(OverrideCall& call, std::span<at::Tensor> results, AtenProbe aten_probe);
  bool serve(RowCall& call, std::span<at::Tensor> results, AtenProbe aten_probe);
  bool serve(const ProductCall& call, at::Tensor& result);
  bool serve(ComposedCall call);

  CallCounts& counts() { return counts_; }

 private:
  Request request(const OpDef& op, std::span<const CallArgument> arguments, std::span<at::Tensor> results,
                  const AtenProbe& aten_probe);

  std::string name_;
  const OpDef* op_;
  CallRules rules_;
  Arrange arrange_;
  RowArrange row_arrange_;
  std::size_t index_;
  CallCounts counts_;
};

}  // namespace gems::aten
