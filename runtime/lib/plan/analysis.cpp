// From a request to its layout and variant key. See analysis.h.
#include "plan/analysis.h"

#include <fmt/format.h>

#include "gems/dsl/call.h"
#include "gems/dsl/error.h"
#include "gems/runtime/row_iteration_space.h"
#include "variant/trace_request.h"

namespace gems {
namespace {

void check_request(const PlanRequest& request) {
  if (!request.op) throw Error("a plan was requested without an op; set PlanRequest::op");
  const OpDef& op = *request.op;
  check_operand_count(op, request.operands.size());
  if (request.results.size() != op.result_count())
    throw Error(fmt::format("op '{}' has {} results, given {}; pass one for each", op.name, op.result_count(),
                            request.results.size()));
  for (std::size_t i = 0; i < request.operands.size(); ++i) check_operand(op, i, request.operands[i].what);
}

}  // namespace

Tensors::Tensors(const PlanRequest& request) {
  for (std::size_t i = 0; i < request.operands.size(); ++i)
    if (request.operands[i].is_in_memory())
      tensors_[count_++] = {request.op->operands[i].name, request.operands[i].tensor};
  operand_count_ = count_;
  constexpr std::array<std::string_view, MaxResults> names{"out0", "out1", "out2", "out3"};
  for (std::size_t r = 0; r < request.results.size(); ++r)
    tensors_[count_++] = {request.results.size() == 1 ? std::string_view("out") : names[r], request.results[r]};
}

Tensors::Tensors(const PlanRequest& request, const TraceGraph& graph) : Tensors(request) {
  std::size_t t = 0;
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor) tensors_[t++].extent = operand.extent;
  for (const TraceResult& result : graph.results) tensors_[t++].extent = result.extent;
}

Analysis analyse(const PlanRequest& request) {
  check_request(request);
  const std::string_view op = request.op->name;
  const Backend& backend = backend_of(request.device);
  if (!request.op->is_rowwise) {
    Analysis analysis{.tensors = Tensors(request), .space = {}, .layout = {}, .key = {}};
    const Tensors& tensors = analysis.tensors;
    analysis.space = iteration_space(op, tensors.operands(), tensors.results());
    if (analysis.space.is_empty) return analysis;
    analysis.layout = backend.layout(op, analysis.space, tensors.operands(), tensors.results());
    analysis.key = variant_key(request, analysis.layout);
    return analysis;
  }
  const TraceGraph graph = trace_request(request);
  Analysis analysis{.tensors = Tensors(request, graph), .space = {}, .layout = {}, .key = {}};
  const Tensors& tensors = analysis.tensors;
  analysis.space = row_iteration_space(op, tensors.operands(), tensors.results(), request.reduced);
  if (analysis.space.is_empty) return analysis;
  analysis.layout = backend.row_layout(graph, analysis.space, tensors.operands(), tensors.results());
  analysis.key = variant_key(request, analysis.layout);
  return analysis;
}

}  // namespace gems
