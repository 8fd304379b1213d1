// A call of an op on buffers of the test's own, for make_plan, run and launch.
#pragma once

#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "gems/ops/catalogue.h"
#include "gems/runtime/plan.h"
#include "random_tensors.h"
#include "run.h"

namespace gems::test {

inline const OpDef& op_named(std::string_view name) {
  const OpDef* op = ops::catalogue().find(name);
  if (!op) throw std::runtime_error("no op " + std::string(name));
  return *op;
}

inline Argument tensor_argument(const TensorView& view) {
  Argument argument;
  argument.what = {.kind = view.sizes.empty() ? CallOperand::Kind::ZeroDim : CallOperand::Kind::Tensor,
                   .dtype = view.dtype};
  argument.tensor = view;
  return argument;
}

inline Argument number_argument(const NumberValue& value) {
  Argument argument;
  argument.what = {.kind = CallOperand::Kind::Number, .dtype = value.dtype};
  argument.number = value;
  return argument;
}

inline Argument number_argument(double value) {
  return number_argument(NumberValue{.dtype = DType::F64, .integer = 0, .value = value});
}

inline Argument number_argument(int value) {
  return number_argument(NumberValue{.dtype = DType::I64, .integer = value, .value = {}});
}

// Arguments point into the shapes given: keep those alive.
struct OpCall {
  const OpDef* op;
  std::vector<Argument> operands;
  std::vector<TensorView> results;
  Device device;

  PlanRequest request() const { return {.op = op, .operands = operands, .results = results, .device = device}; }
};

// Contiguous tensor of f32.
struct Floats {
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
  std::vector<float> values;

  explicit Floats(std::vector<std::int64_t> shape) : sizes(std::move(shape)), strides(sizes.size()) {
    std::int64_t count = 1;
    for (std::size_t d = sizes.size(); d-- > 0;) {
      strides[d] = count;
      count *= sizes[d];
    }
    values.resize(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 1000) * 0.25f;
  }
  TensorView view() { return {.data = values.data(), .dtype = DType::F32, .sizes = sizes, .strides = strides}; }
};

}  // namespace gems::test
