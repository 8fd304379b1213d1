// torch.ops.gems._adam_steps_ on stand-ins for CUDA: which parameters share a launch.
#include "operators/single/adam_steps.h"

#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <ATen/ops/full.h>
#include <torch/library.h>

#include <array>
#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nvrtc_library.h"
#include "stand_in_cuda.h"

TORCH_LIBRARY(gems, library) { gems::aten::register_adam_steps(library); }

namespace gems::test {
namespace {

#define NEEDS_NVRTC()                                  \
  if (!find_nvrtc()) SKIP("no NVRTC on this machine"); \
  use_stand_in_cuda()

struct Parameters {
  c10::List<at::Tensor> params, grads, means, squares, steps;

  void add(const std::array<at::Tensor, 4>& tensors, double step = 0) {
    params.push_back(tensors[0]);
    grads.push_back(tensors[1]);
    means.push_back(tensors[2]);
    squares.push_back(tensors[3]);
    steps.push_back(at::full({}, step, at::kFloat));
  }
  void add(at::IntArrayRef sizes, double step = 0, at::ScalarType dtype = at::kFloat) {
    const auto made = [&] { return stand_in_tensor(sizes, dtype); };
    add({made(), made(), made(), made()}, step);
  }
  torch::jit::Stack stack() const { return {params, grads, means, squares, steps, 1e-3, 0.9, 0.999, 1e-8, 0.01, true}; }
  // False: refused.
  bool step() const {
    static const c10::OperatorHandle op = c10::Dispatcher::singleton().findSchemaOrThrow("gems::_adam_steps_", "");
    torch::jit::Stack arguments = stack();
    op.callBoxed(arguments);
    return arguments.back().toBool();
  }
  int launches() const {
    CHECK(step());  // kernels are loaded
    const int before = stand_in_driver().launches;
    CHECK(step());
    return stand_in_driver().launches - before;
  }
};

Parameters many(int count = 219) {
  Parameters list;
  for (int i = 0; i < count; ++i) list.add({i % 7 + 1, 64});
  return list;
}

}  // namespace

TEST_CASE("parameters of the same dtypes and step share launches of 256") {
  NEEDS_NVRTC();
  CHECK(many().launches() == 1);
  CHECK(many(257).launches() == 2);
  Parameters list = many(256);
  list.add({0, 5});
  CHECK(list.launches() == 1);
}

TEST_CASE("parameters of other dtypes or another step have launches of their own, others one each") {
  NEEDS_NVRTC();
  Parameters list = many();
  list.add({8}, 0, at::kBFloat16);
  CHECK(list.launches() == 2);
  list.add({8}, 7);
  list.add({9}, 7);
  CHECK(list.launches() == 3);
  list.add({stand_in_tensor({4, 6}), stand_in_tensor({6, 4}).t(), stand_in_tensor({4, 6}), stand_in_tensor({4, 6})});
  CHECK(list.launches() == 4);
  const auto gap = [] { return stand_in_tensor({4, 6}).slice(1, 0, 5); };
  list.add({gap(), gap(), gap(), gap()});
  CHECK(list.launches() == 5);
}

TEST_CASE("steps are counted and versions bumped, of all or, where one does not fit, of none") {
  NEEDS_NVRTC();
  Parameters list = many();
  const auto versions = [&] {
    return std::array{list.params.get(5)._version(), list.grads.get(5)._version(), list.means.get(5)._version(),
                      list.squares.get(5)._version()};
  };
  const auto before = versions();
  REQUIRE(list.step());
  const auto after = versions();
  CHECK((after[0] > before[0] && after[1] == before[1] && after[2] > before[2] && after[3] > before[3]));
  CHECK(list.steps.get(5).item<float>() == 1);
  list.add({stand_in_tensor({4}), at::full({4}, 1.0), stand_in_tensor({4}), stand_in_tensor({4})});
  const int launches = stand_in_driver().launches;
  CHECK(!list.step());
  CHECK(stand_in_driver().launches == launches);
  CHECK(versions() == after);
  CHECK(list.steps.get(5).item<float>() == 1);
}

TEST_CASE("the host's part of a step", "[.][benchmark]") {
  NEEDS_NVRTC();
  const Parameters list = many();
  BENCHMARK("219 parameters") { return list.step(); };
}

}  // namespace gems::test
