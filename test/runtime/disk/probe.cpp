// A small process that uses the runtime, for tests of what happens between processes and with the environment.
// probe cpu [threads]: runs add and abs on the CPU in that many threads at once. probe cuda: compiles add for sm_90.
// Prints one line of JSON: whether the results were right, and the counters.
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "call.h"
#include "cuda/cuda_backend.h"
#include "gems/runtime/counters.h"
#include "nvrtc_library.h"

using namespace gems;
using namespace gems::test;

namespace {

bool add_is_right() {
  Floats x({100});
  Floats out({100});
  const OpCall call{
      &op_named("add"), {tensor_argument(x.view()), tensor_argument(x.view()), number_argument(2)}, {out.view()}, {}};
  run(call.request());
  for (std::size_t i = 0; i < out.values.size(); ++i)
    if (out.values[i] != 3 * x.values[i]) return false;
  return true;
}

bool abs_is_right() {
  Floats x({100});
  for (float& value : x.values) value -= 10;
  Floats out({100});
  const OpCall call{&op_named("abs"), {tensor_argument(x.view())}, {out.view()}, {}};
  run(call.request());
  for (std::size_t i = 0; i < out.values.size(); ++i)
    if (out.values[i] != std::fabs(x.values[i])) return false;
  return true;
}

bool cuda_compiles() {
  find_nvrtc();
  const std::array<CallOperand, 3> operands{CallOperand{.kind = CallOperand::Kind::Tensor},
                                            CallOperand{.kind = CallOperand::Kind::Tensor},
                                            CallOperand{.kind = CallOperand::Kind::Number, .dtype = DType::I64}};
  const TraceGraph graph = trace(op_named("add"), operands);
  return !compiled_cuda(graph, {LayoutClass::Flat}, {90}, process_cache()).binary.empty();
}

}  // namespace

int main(int argc, char** argv) {
  const bool cuda = argc > 1 && std::string_view(argv[1]) == "cuda";
  const int count = argc > 2 ? std::atoi(argv[2]) : 1;
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&] {
      try {
        right += cuda ? cuda_compiles() : add_is_right() && abs_is_right();
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
      }
    });
  for (std::thread& thread : threads) thread.join();
  const Counters c = counters();
  std::printf("{\"right\": %s, \"compiles\": %d, \"disk_hits\": %d, \"disk_misses\": %d, \"disk_errors\": %d}\n",
              right == count ? "true" : "false", static_cast<int>(c.compiles), static_cast<int>(c.disk_hits),
              static_cast<int>(c.disk_misses), static_cast<int>(c.disk_errors));
  return right == count ? 0 : 1;
}
