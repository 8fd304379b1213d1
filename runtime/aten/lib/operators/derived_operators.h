// The derivatives of an operator as operators of their own: torch.ops.NAMESPACE._NAME_vjp_x_y and _NAME_jvp_x_y.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gems/dsl/differentiate.h"
#include "gems/dsl/op.h"

namespace gems::aten {

// The results that have a gradient: all but truth values and indices.
PositionSet continuous_results(const OpDef& op);

// One call that yields some of the gradients, or tangents, that were asked for.
struct DerivedCall {
  const OpDef* op = nullptr;                  // none where all are zero
  std::vector<DerivedOperand> operands;       // in the order of the derived operator's arguments
  std::vector<int> positions;                 // what is asked for, by position in the op
  std::vector<int> results;                   // for each of these, a result of the operator; -1: zero
  std::optional<c10::OperatorHandle> handle;  // of op
};

// The derived operators of one operator. Those that it was not registered with are made, and registered, when they are
// first asked for. Thread-safe; lives as long as the process.
class DerivedOperators {
 public:
  DerivedOperators(const OpDef& op, std::string name_space) : op_(op), namespace_(std::move(name_space)) {}

  // The gradients of the operands at `wanted`. Where all tensors are `real`, an op written by hand may compute them.
  // Throws gems::Error where there is no gradient.
  const std::vector<DerivedCall>& gradients(PositionSet wanted, bool is_real);
  // The tangents of all results; several calls are to be added up.
  const std::vector<DerivedCall>& tangents(PositionSet moving);

  const OpDef& op() const { return op_; }

 private:
  DerivedCall call_of(const Derived& derived, PositionSet asked) const;
  std::optional<DerivedCall> written(PositionSet wanted) const;

  const OpDef& op_;
  std::string namespace_;
  std::mutex mutex_;
  std::map<std::pair<PositionSet, bool>, std::vector<DerivedCall>> gradients_;
  std::map<PositionSet, std::vector<DerivedCall>> tangents_;
};

// The gradient operators that graphs of torch.compile and torch.export may contain, so that every process that loads
// the op has them: of each set of the op's tensors or, where there are more than three, of all; of a set that is too
// large, those of its parts. Ops without a gradient have none.
std::vector<const OpDef*> gradient_ops(const OpDef& op);

}  // namespace gems::aten
