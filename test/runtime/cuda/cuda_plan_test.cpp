// How kernels are launched whose blocks walk over rows together, on a driver that computes nothing.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "call.h"
#include "gems/dsl/error.h"
#include "gems/ops/softmax.h"
#include "gems/runtime/plan.h"
#include "nvrtc_library.h"
#include "stand_in_driver.h"

using namespace gems;
using namespace gems::test;

namespace {

// What a launch of softmax over rows of f32 asks of the driver. Addresses are only compared.
StandInDriver launched(std::int64_t rows, std::int64_t columns) {
  const Shaped shaped{{rows, columns}, {columns, 1}};
  void* const x = reinterpret_cast<void*>(std::uintptr_t{1} << 20);
  void* const out = reinterpret_cast<void*>(std::uintptr_t{1} << 40);
  const std::vector<Argument> operands{tensor_argument(shaped.view(x, DType::F32))};
  const std::vector<TensorView> results{shaped.view(out, DType::F32)};
  const auto plan = make_plan({.op = &ops::softmax_op,
                               .operands = operands,
                               .results = results,
                               .reduced = 0b10,
                               .device = {.kind = Device::Kind::Cuda, .index = 0}});
  launch(*plan, std::vector<void*>{x, out}, {}, nullptr);
  return stand_in_driver();
}

}  // namespace

TEST_CASE("no more clusters are launched than rows, or than run at once, and their shared memory is asked for") {
  if (!find_nvrtc()) SKIP("no NVRTC on this machine");
  constexpr unsigned one_warp = 13 * 33 * 16;  // bytes
  // 32768 vectors: eight blocks of 512 threads.
  CHECK(launched(2, 131072).grid_x == 2 * 8);
  const StandInDriver many = launched(1000, 131072);
  CHECK(many.grid_x == StandInResidentClusters * 8);
  CHECK(many.cluster == 8);
  CHECK(many.asked_cluster == 8);
  CHECK(many.shared_bytes == 16 * one_warp);
  CHECK(many.most_shared_bytes == 32 * one_warp);
  // 8000 vectors: one block of 1024 threads.
  const StandInDriver single = launched(1000, 32000);
  CHECK(single.grid_x == StandInProcessors * StandInResidentBlocks);
  CHECK(single.cluster == 1);
  CHECK(single.shared_bytes == 32 * one_warp);
  // Held.
  CHECK(launched(1000, 4096).grid_x == 1000);
  CHECK(launched(1000, 4096).shared_bytes == 0);
}

TEST_CASE("a launch of clusters that the driver refuses is an error that names the kernel and its shape") {
  if (!find_nvrtc()) SKIP("no NVRTC on this machine");
  launched(3, 131072);
  stand_in_driver().next_result = 1;
  CHECK_THROWS_MATCHES(launched(3, 131072), Error,
                       Catch::Matchers::MessageMatches(Catch::Matchers::ContainsSubstring("cuLaunchKernelEx") &&
                                                       Catch::Matchers::ContainsSubstring("softmax") &&
                                                       Catch::Matchers::ContainsSubstring("cluster 8")));
  stand_in_driver().next_result = 0;
}
