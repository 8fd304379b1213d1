// A request after its analysis: the iteration space, the layout class, and which variant computes it.
#pragma once

#include <array>
#include <span>

#include "gems/runtime/iteration_space.h"
#include "gems/runtime/plan.h"
#include "variant/variant.h"

namespace gems {

// The request's tensors, named: operands in memory, then results.
class Tensors {
 public:
  explicit Tensors(const PlanRequest& request);
  // Of a rowwise op.
  void set_extents(const TraceGraph& graph);
  std::span<const NamedTensor> all() const { return {tensors_.data(), count_}; }
  std::span<const NamedTensor> operands() const { return all().first(operand_count_); }
  std::span<const NamedTensor> results() const { return all().subspan(operand_count_); }

 private:
  std::array<NamedTensor, MaxOperands + MaxResults> tensors_;
  std::size_t operand_count_ = 0;
  std::size_t count_ = 0;
};

struct Analysis {
  Tensors tensors;
  IterationSpace space;  // as the variant's kernel walks it
  VariantKey key;        // without a layout where no result has elements
};

// Checks the request and analyses its geometry. Throws gems::Error as make_plan does; compiles and launches nothing.
Analysis analyse(const PlanRequest& request);

}  // namespace gems
