// Traces the op of a request. See trace_request.h.
#include "variant/trace_request.h"

#include <vector>

namespace gems {

TraceGraph trace_request(const PlanRequest& request) {
  std::vector<CallOperand> operands;
  for (const Argument& argument : request.operands) operands.push_back(argument.what);
  std::vector<DType> results;
  for (const TensorView& result : request.results) results.push_back(result.dtype);
  return trace(*request.op, operands, results, request.default_dtype);
}

}  // namespace gems
