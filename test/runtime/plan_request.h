// A whole call as one value, and its plan.
#pragma once

#include <span>
#include <vector>

#include "gems/runtime/plan.h"

namespace gems::test {

struct Argument {
  CallOperand what{.kind = CallOperand::Kind::Tensor};  // as the op sees it
  TensorView tensor;                                    // in memory; of the dtype that `what` says
  NumberValue number;  // a Number, or a ZeroDim that is not in memory, converted from the dtype that `what` says

  bool is_in_memory() const { return what.is_in_memory(); }
  bool is_number() const { return what.is_number(); }
};

struct PlanRequest {
  const OpDef* op = nullptr;
  std::span<const Argument> operands;
  std::span<const TensorView> results;
  std::uint64_t reduced = 0;
  Device device{};

  Signature signature() const {
    Signature signature{.op = op, .default_dtype = DType::F32, .operands = {}, .results = {}};
    for (const Argument& argument : operands) signature.operands.push_back(argument.what);
    for (const TensorView& result : results) signature.results.push_back(result.dtype);
    return signature;
  }
  std::vector<TensorView> operands_in_memory() const {
    std::vector<TensorView> views;
    for (const Argument& argument : operands)
      if (argument.is_in_memory()) views.push_back(argument.tensor);
    return views;
  }
};

inline PlanPtr make_plan(const PlanRequest& request) {
  return Planner(request.signature(), request.device)
      .plan({.operands = request.operands_in_memory(), .results = request.results, .reduced = request.reduced});
}

inline bool is_planned(const PlanRequest& request) {
  return Planner(request.signature(), request.device)
      .is_planned({.operands = request.operands_in_memory(), .results = request.results, .reduced = request.reduced});
}

}  // namespace gems::test
