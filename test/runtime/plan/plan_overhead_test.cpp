// What a call costs beside its kernel, on tensors of 8 elements. Not part of a normal run: runtime_test "[benchmark]".
#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>

#include "call.h"
#include "device_memory.h"
#include "gems/runtime/device.h"
#include "nvrtc_library.h"

using namespace gems;
using namespace gems::test;

namespace {

void measure(TensorView x, TensorView out, const Device& device) {
  const OpCall call{&op_named("add"), {tensor_argument(x), tensor_argument(x), number_argument(1)}, {out}, device};
  const PlanRequest request = call.request();
  const auto plan = make_plan(request);
  const std::array<void*, 3> tensors{x.data, x.data, out.data};
  const std::array<NumberValue, 1> numbers{call.operands[2].number};
  const Planner planner(request.signature(), device);
  const std::vector<TensorView> operands = request.operands_in_memory();
  BENCHMARK("a plan of a known layout") { return planner.plan({.operands = operands, .results = request.results}); };
  BENCHMARK("launch") { return launch(*plan, tensors, numbers, nullptr); };
}

}  // namespace

TEST_CASE("cost of a tiny call on the CPU", "[.][benchmark]") {
  Floats x({2, 4});
  Floats out({2, 4});
  measure(x.view(), out.view(), {});
}

TEST_CASE("cost of a tiny call on a device", "[.][benchmark][gpu]") {
  if (cuda_device_count() == 0) SKIP("no CUDA device on this machine");
  if (!find_nvrtc()) SKIP("no NVRTC on this machine");
  Floats host({2, 4});
  const DeviceBuffer<float> x(host.values);
  const DeviceBuffer<float> out(host.values);
  TensorView x_view = host.view();
  x_view.data = x.data();
  TensorView out_view = host.view();
  out_view.data = out.data();
  measure(x_view, out_view, {.kind = Device::Kind::Cuda, .index = 0});
  driver::synchronize(0);
}
