// Runs the pipeline as far as it is asked to; the compiler and NVRTC do the work.
#include "emit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gems/compiler/cuda.h"
#include "gems/compiler/stages.h"
#include "gems/dsl/trace.h"
#include "gems/runtime/nvrtc.h"
#include "usage_error.h"

namespace gems::codegen {
namespace {

using Json = nlohmann::ordered_json;

void check_stage(std::string_view stage) {
  const std::vector<std::string_view> stages = emit_stages();
  if (std::ranges::find(stages, stage) == stages.end())
    throw UsageError(fmt::format("unknown stage '{}'; expected one of {}", stage, fmt::join(stages, ", ")));
}

std::string stage_bytes(const TraceGraph& graph, const Layout& layout, CudaTarget target, std::string_view stage) {
  if (stage == "trace") return to_string(graph);
  if (stage == "ptx" || stage == "cubin") {
    const CudaKernel kernel = emit_cuda(graph, layout, target);
    if (stage == "ptx") return compile_ptx(kernel.text, kernel.name, target.arch);
    const std::vector<char> bytes = compile_cubin(kernel.text, kernel.name, target.arch);
    return std::string(bytes.begin(), bytes.end());
  }
  return print_stage(graph, layout, target, stage);
}

// A call that the op refuses is a mistake of the command line.
TraceGraph trace_call(const Call& call) {
  try {
    return trace(*call.op, call.operands, call.result_dtypes);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

std::string_view name(OperandForm form) { return form == OperandForm::Tensor ? "tensor" : "number"; }

Json describe(const TraceGraph& graph, const Layout& layout, const EmitRequest& request) {
  Json json{{"op", graph.op}, {"file", graph.file}, {"line", graph.line}};
  json["arch"] = fmt::format("sm_{}", request.target.arch);
  json["layout"] = to_string(layout);
  const CudaKernel kernel = emit_cuda(graph, layout, request.target);
  json["kernel"] = kernel.name;
  json["schedule"] = to_string(kernel.schedule);
  json["operands"] = Json::array();
  for (const TraceOperand& operand : graph.operands)
    json["operands"].push_back({{"name", operand.name},
                                {"form", name(operand.form)},
                                {"storage", gems::name(operand.storage)},
                                {"compute", gems::name(operand.compute)}});
  json["results"] = Json::array();
  for (const TraceResult& result : graph.results)
    json["results"].push_back({{"name", result.name}, {"dtype", gems::name(result.dtype)}});
  json["stage"] = request.stage;
  return json;
}

}  // namespace

std::vector<std::string_view> emit_stages() {
  std::vector<std::string_view> stages{"trace"};
  stages.insert(stages.end(), stage_names().begin(), stage_names().end());
  stages.insert(stages.end(), {"ptx", "cubin"});
  return stages;
}

std::string emit(const EmitRequest& request) {
  check_stage(request.stage);
  const TraceGraph graph = trace_call(request.call);
  const Layout layout = make_layout(request.layout, graph, request.target);
  std::string bytes = stage_bytes(graph, layout, request.target, request.stage);
  if (!request.json) return bytes;
  Json json = describe(graph, layout, request);
  if (request.stage == "cubin")
    json["size_bytes"] = bytes.size();
  else
    json["text"] = bytes;
  return json.dump(2) + "\n";
}

}  // namespace gems::codegen
