// The arguments of a boxed call, as a request sees them.
#pragma once

#include <ATen/core/stack.h>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "gems/aten/serve.h"
#include "gems/dsl/op.h"
#include "operators/rows/row_arguments.h"

namespace gems::aten {

inline FlagValue flag_of(const c10::IValue& value) {
  if (value.isBool()) return value.toBool();
  if (value.isInt()) return value.toInt();
  if (value.isString()) return std::string_view(value.toStringRef());
  return {};
}

// The arguments on the stack, of which `behind` values are on top of them, as a request sees them.
class StackArguments {
 public:
  StackArguments(const OpDef& op, const torch::jit::Stack& stack, std::size_t behind = 0) {
    const at::ArrayRef<c10::IValue> all = torch::jit::last(stack, argument_count(op) + behind);
    rows_ = row_dims(op, all);
    count_ = op.operands.size();
    for (std::size_t i = 0; i < count_; ++i) {
      const c10::IValue& value = all[i];
      switch (op.operands[i].kind) {
        case OperandKind::Tensor:
        case OperandKind::Row:
        case OperandKind::Column:
          arguments_[i] = value.isNone() ? CallArgument::absent() : CallArgument(value.toTensor());
          break;
        case OperandKind::Scalar:
          scalars_[i] = value.toScalar();
          arguments_[i] = CallArgument(scalars_[i]);
          break;
        case OperandKind::Flag:
          arguments_[i] = CallArgument(flag_of(value));
          break;
      }
    }
  }
  StackArguments(const StackArguments&) = delete;
  std::span<const CallArgument> get() const { return {arguments_.data(), count_}; }
  RowDims rows() const { return rows_; }

 private:
  std::array<at::Scalar, MaxOperands> scalars_;
  std::array<CallArgument, MaxOperands> arguments_;
  std::size_t count_ = 0;
  RowDims rows_;
};

}  // namespace gems::aten
