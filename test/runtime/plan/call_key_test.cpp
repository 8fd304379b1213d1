// Keys of calls: equal exactly when the plans are.
#include "plan/call_key.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>

#include "call.h"

using namespace gems;
using namespace gems::test;

namespace {

alignas(64) char buffer[4096];

// A call whose every part a test can change.
struct Sample {
  std::vector<std::int64_t> sizes{4, 8};
  std::vector<std::int64_t> strides{8, 1};
  std::vector<std::int64_t> other_sizes{4, 8};
  std::vector<std::int64_t> other_strides{8, 1};
  const OpDef* op = &op_named("add");
  Device device;
  DType default_dtype = DType::F32;
  DType dtype = DType::F32;
  DType result_dtype = DType::F32;
  char* x = buffer;
  char* y = buffer + 1024;
  char* out = buffer + 2048;
  Argument alpha = number_argument(1);

  std::vector<std::uint64_t> words() const {
    const TensorView x_view{.data = x, .dtype = dtype, .sizes = sizes, .strides = strides};
    const TensorView y_view{.data = y, .dtype = DType::F32, .sizes = other_sizes, .strides = other_strides};
    const TensorView out_view{.data = out, .dtype = result_dtype, .sizes = sizes, .strides = strides};
    const std::array<Argument, 3> operands{tensor_argument(x_view), tensor_argument(y_view), alpha};
    const std::array<TensorView, 1> results{out_view};
    CallKey key;
    REQUIRE(make_call_key(
        {.op = op, .operands = operands, .results = results, .device = device, .default_dtype = default_dtype}, key));
    return {key.span().begin(), key.span().end()};
  }
};

}  // namespace

TEST_CASE("anything that can change a plan changes the key") {
  const std::vector<std::function<void(Sample&)>> changes{
      [](Sample& s) { s.op = &op_named("sub"); },
      [](Sample& s) { s.device = {.kind = Device::Kind::Cuda, .index = 0}; },
      [](Sample& s) { s.device.index = 1; },
      [](Sample& s) { s.default_dtype = DType::F64; },
      [](Sample& s) { s.dtype = DType::F16; },
      [](Sample& s) { s.result_dtype = DType::F64; },
      [](Sample& s) { s.sizes = {8, 4}; },
      [](Sample& s) { s.strides = {1, 4}; },
      [](Sample& s) { s.other_sizes = {1, 8}; },
      [](Sample& s) {
        s.other_sizes = {8};
        s.other_strides = {1};
      },
      [](Sample& s) { s.x += 4; },
      [](Sample& s) { s.y += 8; },
      [](Sample& s) { s.out += 12; },
      [](Sample& s) { s.out = s.x; },
      [](Sample& s) { s.out = s.y; },
      [](Sample& s) { s.alpha = number_argument(1.0); },
      [](Sample& s) {
        s.alpha.kind = CallOperand::Kind::ZeroDim;
        s.alpha.in_memory = false;
        s.alpha.number_dtype = DType::F32;
      },
      [](Sample& s) {
        s.alpha.kind = CallOperand::Kind::Flag;
        s.alpha.flag = "tanh";
      },
      [](Sample& s) {
        s.alpha.kind = CallOperand::Kind::Flag;
        s.alpha.flag = "none";
      },
      [](Sample& s) {
        s.alpha.kind = CallOperand::Kind::Flag;
        s.alpha.flag = 3;
      },
      [](Sample& s) {
        s.alpha.kind = CallOperand::Kind::Flag;
        s.alpha.flag = true;
      },
  };
  std::vector<std::vector<std::uint64_t>> seen{Sample{}.words()};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    Sample sample;
    changes[i](sample);
    const auto words = sample.words();
    for (const auto& earlier : seen) REQUIRE(words != earlier);
    seen.push_back(words);
  }
}

TEST_CASE("other addresses of the same alignment and another number's value have the same key") {
  Sample moved;
  moved.x += 16;
  moved.out += 256;
  moved.alpha = number_argument(77);
  CHECK(moved.words() == Sample{}.words());
}

TEST_CASE("a call of more dimensions than the key has room for has none") {
  Sample sample;
  sample.sizes.assign(MaxKeyRank + 1, 1);
  const std::vector<std::int64_t> strides(MaxKeyRank + 1, 1);
  const std::array<TensorView, 1> results{{{.data = buffer, .sizes = sample.sizes, .strides = strides}}};
  CallKey key;
  CHECK_FALSE(make_call_key({.op = sample.op, .operands = {}, .results = results, .device = {}}, key));
}
