// What an operator of a rowwise op takes behind its operands: `int[1] dim=-1, bool keepdim=False`, the dimensions of
// the elements that are reduced (none named: all), and whether results of row extent keep them with size 1.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <cstddef>
#include <string_view>

#include "gems/aten/serve.h"
#include "gems/dsl/op.h"

namespace gems::aten {

inline constexpr std::string_view RowArgumentsSchema = "int[1] dim=-1, bool keepdim=False";

// Of a call of the operator, without results that it writes into.
constexpr std::size_t argument_count(const OpDef& op) { return op.operands.size() + (op.is_rowwise ? 2 : 0); }

// The shape of a rowwise op's elements, from the arguments of a call. Throws c10::Error where they do not broadcast.
c10::SymDimVector element_sizes(const OpDef& op, at::ArrayRef<c10::IValue> arguments);

// Of a call; nothing is reduced in one of a pointwise op.
RowDims row_dims(const OpDef& op, at::ArrayRef<c10::IValue> arguments);

}  // namespace gems::aten
