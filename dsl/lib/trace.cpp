// trace(): promotion, then one run of the body. to_string(): the canonical text of what was recorded.
#include "gems/dsl/trace.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "gems/dsl/error.h"
#include "gems/dsl/op.h"
#include "gems/dsl/tracer.h"

namespace gems {
namespace {

// Hexadecimal, so that equal text means equal bits.
std::string constant_text(DType dtype, const Constant& constant) {
  const auto& [integer, real, imag] = constant;
  switch (category(dtype)) {
    case Category::Bool:
    case Category::Integer:
      return fmt::format("{}", integer);
    case Category::Float:
      return fmt::format("{:a}", real);
    case Category::Complex:
      return fmt::format("({:a}, {:a})", real, imag);
  }
  return "";
}

// Operation and arguments: "add %0, %1", "reduce max_index.1 %3", "row_index".
std::string node_text(const TraceGraph& graph, const TraceNode& node) {
  const auto& [op, dtype, args, operand, constant, reduce, part] = node;
  std::string text(name(op));
  if (op == ScalarOp::Operand) text += " " + graph.operands[static_cast<std::size_t>(operand)].name;
  if (op == ScalarOp::Literal) text += " " + constant_text(dtype, constant);
  if (op == ScalarOp::Reduce) text += fmt::format(" {}.{}", name(reduce), part);
  for (int i = 0; i < arity(op); ++i)
    text += fmt::format("{} %{}", i == 0 ? "" : ",", args[static_cast<std::size_t>(i)]);
  return text;
}

}  // namespace

TraceGraph trace(const OpDef& op, std::span<const CallOperand> operands, std::span<const DType> result_dtypes,
                 DType default_dtype) {
  const ResolvedTypes types = resolve_types(op, operands, default_dtype);
  if (result_dtypes.empty()) result_dtypes = types.result;
  if (result_dtypes.size() != op.result_count())
    throw Error(fmt::format("op '{}' has {} results, given {} result dtypes; pass one for each, or none", op.name,
                            op.result_count(), result_dtypes.size()));
  if (op.source != nullptr) return op.source->trace(op, operands, types, result_dtypes);
  Tracer tracer(op, operands, types, result_dtypes);
  op.body(tracer);
  return std::move(tracer).take();
}

// Keys of kernels are made of this text: structs are taken apart by structured bindings, so that a field that is added
// to one of them does not compile until it is here. Where an op is defined changes no kernel.
std::string to_string(const TraceGraph& graph) {
  const auto& [op, file, line, operands, nodes, results, is_rowwise] = graph;
  std::string text = fmt::format("{} {}\n", is_rowwise ? "rowwise op" : "op", op);
  for (const auto& [label, form, storage, compute, position, extent] : operands) {
    const bool is_tensor = form == OperandForm::Tensor;
    text += fmt::format("operand {} {} {} as {}, position {}", label, is_tensor ? "tensor" : "number", name(storage),
                        name(compute), position);
    if (is_rowwise && is_tensor) text += fmt::format(", {}", name(extent));
    text += "\n";
  }
  for (std::size_t i = 0; i < nodes.size(); ++i)
    text += fmt::format("%{} = {} : {}\n", i, node_text(graph, nodes[i]), name(nodes[i].dtype));
  for (const auto& [label, node, dtype, extent] : results) {
    text += fmt::format("result {} %{} as {}", label, node, name(dtype));
    if (is_rowwise) text += fmt::format(", {}", name(extent));
    text += "\n";
  }
  return text;
}

}  // namespace gems
