// gems::call: any op on at::Tensors, numbers and flags.
//
//   at::Tensor out = gems::call(add_op, x, y, 1);
//   auto [dx, dy] = gems::call_all<2>(silu_and_mul_grad_op, x, y, grad);
//   gems::call_into(out, gelu_op, x, "tanh");   // out may be x: in place
//   at::Tensor loss = gems::call(sum_op, x, gems::Along{{0, 1}});
//
// One argument for each operand of the op, in order; flags that have a default may be left out at the end. A tensor
// operand also takes a number, an optional one std::nullopt. Results of pointwise ops have the dtype that the op's
// promotion gives and the layout that TensorIterator gives, those of rowwise ops are contiguous; CUDA work is enqueued
// on the current stream. Tensors are used as they are: autograd does not see the call. Throws gems::Error, which names
// op and operand, for shapes that do not broadcast, dtypes and numbers that the op does not take, and a given result of
// another shape or of a lower category.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "gems/aten/serve.h"
#include "gems/dsl/op.h"

namespace gems {

// Behind the operands of a rowwise op: which dimensions of its elements are reduced (none named: all), and whether
// results of row extent keep them with size 1. A call that does not say reduces the last.
struct Along {
  std::vector<std::int64_t> dims{-1};
  bool keepdim = false;
};

namespace aten {

// Owns what a CallArgument views. A bool is a number or a flag by what the op has at its place. std::nullopt_t: an
// operand that is left out.
using CallValue = std::variant<std::reference_wrapper<const at::Tensor>, at::Scalar, FlagValue, std::nullopt_t, Along>;

inline CallValue to_value(const at::Tensor& value) { return std::cref(value); }
inline CallValue to_value(const at::Scalar& value) { return value; }
template <class T>
  requires std::is_arithmetic_v<T>
CallValue to_value(T value) {
  return at::Scalar(value);
}
inline CallValue to_value(std::nullopt_t value) { return value; }
inline CallValue to_value(const Along& value) { return value; }
inline CallValue to_value(std::string_view value) { return FlagValue(value); }
inline CallValue to_value(const char* value) { return FlagValue(value); }

// results: defined ones are written, undefined ones are allocated.
void call_values(const OpDef& op, std::span<const CallValue> values, std::span<at::Tensor> results);

}  // namespace aten

template <std::size_t Results, class... Args>
std::array<at::Tensor, Results> call_all(const OpDef& op, const Args&... args) {
  std::array<at::Tensor, Results> results;
  const std::array<aten::CallValue, sizeof...(Args)> values{aten::to_value(args)...};
  aten::call_values(op, values, results);
  return results;
}

template <class... Args>
at::Tensor call(const OpDef& op, const Args&... args) {
  return call_all<1>(op, args...)[0];
}

// Writes into result, which must have the broadcast shape; its dtype is kept. It may be one of the arguments.
template <class... Args>
void call_into(at::Tensor result, const OpDef& op, const Args&... args) {
  const std::array<aten::CallValue, sizeof...(Args)> values{aten::to_value(args)...};
  aten::call_values(op, values, {&result, 1});
}

}  // namespace gems
