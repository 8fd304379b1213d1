// From a request to its layout and variant key. See analysis.h.
#include "plan/analysis.h"

#include <fmt/format.h>

#include "gems/dsl/call.h"
#include "gems/dsl/error.h"
#include "gems/runtime/row_iteration_space.h"

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

Signature signature_of(const PlanRequest& request) {
  Signature signature{.op = request.op, .default_dtype = request.default_dtype, .operands = {}, .results = {}};
  for (const Argument& argument : request.operands) {
    CallOperand what = argument.what;
    what.in_memory = what.is_in_memory();
    signature.operands.push_back(what);
  }
  for (const TensorView& result : request.results) signature.results.push_back(result.dtype);
  return signature;
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

void Tensors::set_extents(const TraceGraph& graph) {
  std::size_t t = 0;
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor) tensors_[t++].extent = operand.extent;
  for (const TraceResult& result : graph.results) tensors_[t++].extent = result.extent;
}

Analysis analyse(const PlanRequest& request) {
  check_request(request);
  const std::string_view op = request.op->name;
  const Backend& backend = backend_of(request.device);
  Analysis analysis{.tensors = Tensors(request),
                    .space = {},
                    .key = {.signature = signature_of(request), .device = request.device, .layout = {}}};
  Tensors& tensors = analysis.tensors;
  if (!request.op->is_rowwise) {
    analysis.space = iteration_space(op, tensors.operands(), tensors.results());
    if (!analysis.space.is_empty)
      analysis.key.layout = backend.layout(op, analysis.space, tensors.operands(), tensors.results());
    return analysis;
  }
  const TraceGraph graph = trace(analysis.key.signature);
  tensors.set_extents(graph);
  analysis.space = row_iteration_space(op, tensors.operands(), tensors.results(), request.reduced);
  if (!analysis.space.is_empty)
    analysis.key.layout = backend.row_layout(graph, analysis.space, tensors.operands(), tensors.results());
  return analysis;
}

}  // namespace gems
