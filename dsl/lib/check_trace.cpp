// check_trace(): operand by operand, result by result.
#include "gems/dsl/check_trace.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "gems/dsl/error.h"
#include "gems/dsl/tracer.h"

namespace gems {

void check_trace(const TraceGraph& graph, const OpDef& op, std::span<const CallOperand> operands,
                 const ResolvedTypes& types, std::span<const DType> result_dtypes) {
  const auto fail = [&](const std::string& text) {
    throw Error(fmt::format("the trace of op '{}' is one of another call: {}", op.name, text));
  };
  if (graph.op != op.name) fail(fmt::format("it is of '{}'", graph.op));
  if (graph.is_rowwise != op.is_rowwise)
    fail(fmt::format("it is {}, and the op is not", graph.is_rowwise ? "rowwise" : "pointwise"));
  // What the tracer makes of the call before a body runs.
  const std::vector<TraceOperand> expected = Tracer(op, operands, types, result_dtypes).take().operands;
  if (graph.operands.size() != expected.size())
    fail(fmt::format("{} operands, expected {}", graph.operands.size(), expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (graph.operands[i] != expected[i])
      fail(fmt::format("operand {} is not {} as {}, position {}{}", graph.operands[i].name, name(expected[i].storage),
                       name(expected[i].compute), expected[i].position,
                       op.is_rowwise ? fmt::format(", {}", name(expected[i].extent)) : ""));
  if (graph.results.size() != result_dtypes.size())
    fail(fmt::format("{} results, expected {}", graph.results.size(), result_dtypes.size()));
  for (std::size_t i = 0; i < result_dtypes.size(); ++i)
    if (graph.results[i].dtype != result_dtypes[i])
      fail(fmt::format("{} is {}, expected {}", graph.results[i].name, name(graph.results[i].dtype),
                       name(result_dtypes[i])));
}

}  // namespace gems
