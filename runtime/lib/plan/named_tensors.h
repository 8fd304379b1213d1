// The tensors of a call with their names: operands in memory, then results.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "gems/runtime/iteration_space.h"
#include "gems/runtime/plan.h"

namespace gems {

class NamedTensors {
 public:
  NamedTensors(const Signature& signature, const PlanTensors& tensors) {
    std::size_t next = 0;
    for (std::size_t i = 0; i < signature.operands.size(); ++i)
      if (signature.operands[i].is_in_memory()) add(signature.op->operands[i].name, tensors.operands[next++]);
    operand_count_ = count_;
    constexpr std::array<std::string_view, MaxResults> names{"out0", "out1", "out2", "out3"};
    for (std::size_t r = 0; r < tensors.results.size(); ++r)
      add(tensors.results.size() == 1 ? std::string_view("out") : names[r], tensors.results[r]);
  }
  // Of a rowwise op.
  void set_extents(const TraceGraph& graph) {
    std::size_t t = 0;
    for (const TraceOperand& operand : graph.operands)
      if (operand.form == OperandForm::Tensor) tensors_[t++].extent = operand.extent;
    for (const TraceResult& result : graph.results) tensors_[t++].extent = result.extent;
  }

  std::span<const NamedTensor> all() const { return {tensors_.data(), count_}; }
  std::span<const NamedTensor> operands() const { return all().first(operand_count_); }
  std::span<const NamedTensor> results() const { return all().subspan(operand_count_); }

 private:
  void add(std::string_view name, const TensorView& view) {
    std::construct_at(&tensors_[count_++], NamedTensor{.name = name, .view = view});
  }

  union {
    std::array<NamedTensor, MaxOperands + MaxResults> tensors_;  // those behind the last one are not made
  };
  std::size_t operand_count_ = 0;
  std::size_t count_ = 0;
};

}  // namespace gems
