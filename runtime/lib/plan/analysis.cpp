// From a request to its layout and variant key. See analysis.h.
#include "plan/analysis.h"

#include <fmt/format.h>

#include "gems/dsl/error.h"

namespace gems {
namespace {

std::string_view kind_name(CallOperand::Kind kind) {
  switch (kind) {
    case CallOperand::Kind::Tensor:
      return "a tensor";
    case CallOperand::Kind::ZeroDim:
      return "a 0-dim tensor";
    case CallOperand::Kind::Number:
      return "a number";
    case CallOperand::Kind::Flag:
      break;
  }
  return "a flag";
}

void check_argument(const OpDef& op, std::size_t position, const Argument& argument) {
  const OperandDef& operand = op.operands[position];
  const auto refuse = [&](std::string_view expected) {
    throw Error(fmt::format("{}: operand '{}' (position {}) is {}, expected {}", op.name, operand.name, position,
                            kind_name(argument.what.kind), expected));
  };
  const bool is_flag = argument.what.kind == CallOperand::Kind::Flag;
  switch (operand.kind) {
    case OperandKind::Flag:
      if (!is_flag) refuse("a flag: a bool, an integer or a short text");
      break;
    case OperandKind::Scalar:
      if (is_flag || argument.is_in_memory()) refuse("a number; read the element first and pass its value");
      break;
    case OperandKind::Tensor:
      if (is_flag) refuse("a tensor or a number");
      break;
  }
}

void check_request(const PlanRequest& request) {
  if (!request.op) throw Error("a plan was requested without an op; set PlanRequest::op");
  const OpDef& op = *request.op;
  if (request.operands.size() != op.operands.size())
    throw Error(
        fmt::format("{}: {} operands were given, expected {}", op.name, request.operands.size(), op.operands.size()));
  if (request.results.size() != op.result_count())
    throw Error(
        fmt::format("{}: {} results were given, expected {}", op.name, request.results.size(), op.result_count()));
  for (std::size_t i = 0; i < request.operands.size(); ++i) check_argument(op, i, request.operands[i]);
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

Analysis analyse(const PlanRequest& request) {
  check_request(request);
  const std::string_view op = request.op->name;
  Analysis analysis{.tensors = Tensors(request), .space = {}, .layout = {}, .key = {}};
  const Tensors& tensors = analysis.tensors;
  analysis.space = iteration_space(op, tensors.operands(), tensors.results());
  if (analysis.space.element_count == 0) return analysis;
  analysis.layout = backend_of(request.device).layout(op, analysis.space, tensors.operands(), tensors.results());
  analysis.key = variant_key(request, analysis.layout);
  return analysis;
}

}  // namespace gems
