// From the words of a command line to a call of an op: which operands are tensors, which are numbers, and the flags.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gems/compiler/schedule.h"
#include "gems/dsl/op.h"
#include "gems/dsl/registry.h"
#include "gems/dsl/trace.h"

namespace gems::codegen {

struct CallText {
  std::string op;
  std::vector<std::string> dtypes;         // one for each operand that is a tensor; a single one stands for all
  std::vector<std::string> numbers;        // OPERAND or OPERAND=DTYPE: a Tensor operand that gets a number
  std::vector<std::string> absent;         // operands that may be left out, and are
  std::vector<std::string> flags;          // FLAG=VALUE
  std::vector<std::string> result_dtypes;  // empty: by promotion
};

struct Call {
  const OpDef* op = nullptr;
  std::vector<CallOperand> operands;  // one for each operand of the op
  std::vector<DType> result_dtypes;
};

// find_op, make_call and parse_arch throw UsageError with what was given, what is expected and what to do.
const OpDef& find_op(const Registry& registry, std::string_view name);
Call make_call(const Registry& registry, const CallText& text);

// The call with every Tensor operand a tensor of one dtype, and default flags.
Call uniform_call(const OpDef& op, DType dtype);

CudaTarget parse_arch(std::string_view text);  // "sm_90"

std::string_view kind_name(OperandKind kind);

// "true", "false", "None", an integer, or text.
FlagValue parse_flag_value(std::string_view text);

}  // namespace gems::codegen
