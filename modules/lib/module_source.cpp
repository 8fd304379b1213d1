// A call as the plain data of gems/module.h, and the answer as a trace that is one of this call.
#include "module_source.h"

#include <vector>

#include <fmt/format.h>

#include "gems/dsl/check_trace.h"
#include "gems/dsl/error.h"
#include "gems/dsl/op.h"
#include "gems/dsl/parse_trace.h"

namespace gems {
namespace {

gems_text text_of(std::string_view text) { return {text.data(), text.size()}; }
gems_text text_of(DType dtype) { return text_of(name(dtype)); }

gems_argument argument_of(const CallOperand& operand, DType compute) {
  gems_argument argument{};
  argument.kind = static_cast<std::int32_t>(operand.kind);
  if (operand.kind == CallOperand::Kind::Flag) {
    argument.flag = {static_cast<std::int32_t>(operand.flag.kind), operand.flag.integer, text_of(operand.flag.text())};
    return argument;
  }
  if (operand.kind == CallOperand::Kind::Absent) return argument;
  argument.dtype = text_of(operand.dtype);
  argument.compute = text_of(compute);
  argument.in_memory = operand.in_memory ? 1 : 0;
  return argument;
}

// The text that a module returned; goes back to it.
class ModuleText {
 public:
  explicit ModuleText(const gems_module& module) : module_(module) {}
  ~ModuleText() {
    if (text_.data != nullptr) module_.free_text(text_);
  }
  ModuleText(const ModuleText&) = delete;
  gems_text* address() { return &text_; }
  std::string_view get() const {
    return text_.data != nullptr ? std::string_view(text_.data, text_.size) : std::string_view();
  }

 private:
  const gems_module& module_;
  gems_text text_{};
};

}  // namespace

TraceGraph ModuleSource::trace(const OpDef& op, std::span<const CallOperand> operands, const ResolvedTypes& types,
                               std::span<const DType> result_dtypes) const {
  std::vector<gems_argument> arguments;
  for (std::size_t i = 0; i < operands.size(); ++i)
    arguments.push_back(argument_of(operands[i], types.operand_compute[i]));
  std::vector<gems_result_types> results;
  for (std::size_t i = 0; i < result_dtypes.size(); ++i)
    results.push_back({text_of(types.result_compute[i]), text_of(types.result[i]), text_of(result_dtypes[i])});
  const gems_call call{arguments.size(), arguments.data(), results.size(), results.data()};

  ModuleText text(module_);
  if (module_.trace(&op_, &call, text.address()) != 0)
    throw Error(text.get().empty() ? fmt::format("op '{}' of module {} has no memory to be traced", op.name, path_)
                                   : std::string(text.get()));
  try {
    TraceGraph graph = parse_trace(text.get());
    check_trace(graph, op, operands, types, result_dtypes);
    graph.file = op.file;
    graph.line = op.line;
    return graph;
  } catch (const Error& error) {
    throw Error(
        fmt::format("op '{}' of module {} has a trace that this gems does not take ({}): rebuild the module with it",
                    op.name, path_, error.what()));
  }
}

}  // namespace gems
