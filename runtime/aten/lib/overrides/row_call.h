// RowCall: a call of an overload that reduces dimensions: ATen's arguments by their types, and what the row's arrange()
// makes of them for a rowwise op.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Scalar.h>
#include <c10/core/SymIntArrayRef.h>
#include <c10/util/OptionalArrayRef.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "gems/aten/serve.h"

namespace gems::aten {

struct RowCall {
  static constexpr std::size_t MaxTensors = 6;

  // ATen's, each kind in its order.
  std::array<const at::Tensor*, MaxTensors> tensors{};  // null: left out
  std::size_t tensor_count = 0;
  std::optional<at::IntArrayRef> ints;    // dimensions, or a shape; of one dimension: that one
  bool flag = false;                      // keepdim, half_to_float
  std::optional<at::ScalarType> dtype{};  // of the result, or of an input
  const at::Scalar* number = nullptr;     // null: left out
  std::optional<double> eps{};
  bool wants_all = true;  // of its results

  // For the op.
  const OpDef* op = nullptr;
  std::array<CallArgument, MaxOperands> arguments{};  // arrange() adds to them
  std::size_t argument_count = 0;
  RowDims rows{};

  RowCall() = default;
  RowCall(const RowCall&) = delete;
  RowCall& operator=(const RowCall&) = delete;

  const at::Tensor& self() const { return *tensors[0]; }
  void add(const at::Tensor& tensor) { arguments[argument_count++] = CallArgument(tensor); }
  void add_optional(const at::Tensor* tensor) {
    arguments[argument_count++] = tensor != nullptr ? CallArgument(*tensor) : CallArgument::absent();
  }
  void add(const at::Scalar& value) {
    value_ = value;
    arguments[argument_count++] = CallArgument(value_);
  }

  void take(const at::Tensor& value) { tensors[tensor_count++] = &value; }
  void take(const std::optional<at::Tensor>& value) {
    tensors[tensor_count++] = value && value->defined() ? &*value : nullptr;
  }
  void take(std::int64_t value) {
    dim_ = value;
    ints = at::IntArrayRef(dim_);
  }
  void take(std::optional<std::int64_t> value) {
    if (value) take(*value);
  }
  void take(at::IntArrayRef value) { ints = value; }
  void take(at::OptionalIntArrayRef value) {
    if (value) ints = *value;
  }
  void take(c10::SymIntArrayRef value) { ints = c10::asIntArrayRefSlowOpt(value); }
  template <std::size_t N>
  void take(const std::array<bool, N>& mask) {
    wants_all = std::ranges::all_of(mask, std::identity());
  }
  void take(bool value) { flag = value; }
  void take(at::ScalarType value) { dtype = value; }
  void take(std::optional<at::ScalarType> value) { dtype = value; }
  void take(const at::Scalar& value) { number = &value; }
  void take(const std::optional<at::Scalar>& value) { number = value ? &*value : nullptr; }
  void take(double value) { eps = value; }
  void take(std::optional<double> value) { eps = value; }

 private:
  std::int64_t dim_ = 0;
  at::Scalar value_{};
};

}  // namespace gems::aten
