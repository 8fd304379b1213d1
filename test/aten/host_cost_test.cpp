// What a call that repeats costs on the host: no heap allocation and no lock beyond the result's, no analysis, no
// compile; on CUDA one launch and no switch of device or context. For gems::call and for the overrides, on the CPU and,
// with stand-ins for everything below gems, on CUDA. The times are under "[benchmark]".
#include <ATen/ScalarOps.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/add.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/result_type.h>

#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <functional>
#include <thread>

#include "counted.h"
#include "gems/aten/call.h"
#include "gems/aten/report.h"
#include "gems/ops/activation.h"
#include "gems/ops/arithmetic.h"
#include "gems/ops/fused.h"
#include "gems/runtime/counters.h"
#include "gems/runtime/list_plan.h"
#include "nvrtc_library.h"
#include "overrides/override_patterns.h"
#include "overrides/registration.h"
#include "overrides/table/override_table.h"
#include "stand_in_cuda.h"
#include "switches/switches.h"
#include "torch/allocate.h"

namespace gems {
namespace {

using namespace aten;
using namespace test;

// Calls of every form on tensors of one device.
struct Calls {
  at::Tensor x;
  at::Tensor y;
  at::Tensor out;
  at::Tensor number = at::native::wrapped_scalar_tensor(2);  // as Python's 2 arrives

  struct Form {
    const char* name;
    bool allocates;
    std::function<void()> call;
  };
  std::vector<Form> of_cpp_call() {
    return {
        {"call", true, [this] { call(ops::add_op, x, y, 1); }},
        {"call with a number", true, [this] { call(ops::mul_op, x, 2.5); }},
        {"call with a flag", true, [this] { call(ops::gelu_op, x, "tanh"); }},
        {"call of three tensors", true, [this] { call(ops::residual_scale_add_op, x, y, 0.5); }},
        {"call_into", false, [this] { call_into(out, ops::add_op, x, y, 1); }},
        {"call_into in place", false, [this] { call_into(x, ops::add_op, x, y, 1); }},
    };
  }
  std::vector<Form> of_override() {
    return {
        {"a + b", true, [this] { at::add(x, y); }},
        {"a + 2", true, [this] { at::add(x, number); }},
        {"a.add_(b)", false, [this] { x.add_(y); }},
        {"add(a, b, out=c)", false, [this] { at::add_out(out, x, y); }},
    };
  }
};

Calls on_cpu(at::IntArrayRef sizes) { return {at::ones(sizes), at::ones(sizes), at::empty(sizes)}; }

Calls on_stand_in(at::IntArrayRef sizes) {
  return {stand_in_tensor(sizes), stand_in_tensor(sizes), stand_in_tensor(sizes)};
}

// Overrides on in this thread.
class Switched {
 public:
  Switched() {
    register_overrides();
    before_ = enter_scope(scope_within(current_marker(), select_overrides("*"), {}));
  }
  ~Switched() { enter_scope(before_); }

 private:
  ScopeMarker before_;
};

std::uint64_t served() {
  std::uint64_t sum = 0;
  for (const ReportRow& row : report()) sum += row.served;
  return sum;
}

// The third call of a form, and the hundredth, take nothing but the result. The second one may have found another
// geometry in its place of the table.
void check(const Calls::Form& form, const Counted& result) {
  CAPTURE(form.name);
  form.call();
  form.call();
  const Counters before = counters();
  const Counted expected = form.allocates ? result : Counted{};
  for (int i = 0; i < 100; ++i) REQUIRE(counted(form.call) == expected);
  CHECK(counters().compiles == before.compiles);
  CHECK(counters().plans == before.plans);
}

}  // namespace

TEST_CASE("the counters of this program see what PyTorch's libraries do") {
  CHECK(counted([] { at::ones({3}); }).allocations >= 4);
  std::mutex mutex;
  CHECK(counted([&] { std::lock_guard lock(mutex); }) == Counted{.allocations = 0, .locks = 1});
}

TEST_CASE("a call that repeats takes nothing from the heap but its result, and no lock") {
  for (const auto& sizes : {std::vector<std::int64_t>{64}, {2, 3, 4, 5}}) {
    Calls calls = on_cpu(sizes);
    const ResultGeometry geometry = result_geometry(sizes, calls.x.strides(), at::kFloat);
    const Counted result = counted([&] { allocate(geometry, at::kCPU); });
    CHECK(result == Counted{.allocations = 4, .locks = 0});  // tensor, version counter, storage, memory
    for (const auto& form : calls.of_cpp_call()) check(form, result);
    const Switched on;
    for (const auto& form : calls.of_override()) {
      const std::uint64_t before = served();
      check(form, result);
      CHECK(served() == before + 102);
    }
  }
}

TEST_CASE("a call of a new geometry takes two allocations beside its result, and one where it finds another's place") {
  const Switched on;
  const at::Tensor base = at::ones({6'000});
  at::neg(base.as_strided({2, 3}, {4, 1}));
  const ResultGeometry geometry = result_geometry({2, 3}, {3, 1}, at::kFloat);
  const Counted result = counted([&] { allocate(geometry, at::kCPU); });
  std::uint64_t least = 100;
  for (std::int64_t stride = 5; stride < 5'005; ++stride) {
    const at::Tensor view = base.as_strided({2, 3}, {stride, 1});
    const std::uint64_t allocations = (counted([&] { at::neg(view); }) - result).allocations;
    REQUIRE(allocations <= 2);
    least = std::min(least, allocations);
  }
  CHECK(least == 1);
}

// What a form did to the stand-ins.
struct Effects {
  int launches = 0;
  int context_switches = 0;
  int device_switches = 0;
  int aten_calls = 0;
  bool operator==(const Effects&) const = default;
};
Effects effects_so_far() {
  return {stand_in_driver().launches, stand_in_driver().context_switches, stand_in_torch().device_switches,
          stand_in_torch().aten_calls};
}
std::ostream& operator<<(std::ostream& out, const Effects& effects) {
  return out << effects.launches << " launches, " << effects.context_switches << " context switches, "
             << effects.device_switches << " device switches, " << effects.aten_calls << " calls of ATen";
}
Effects effects(const std::function<void()>& call) {
  const Effects before = effects_so_far();
  call();
  const Effects after = effects_so_far();
  return {after.launches - before.launches, after.context_switches - before.context_switches,
          after.device_switches - before.device_switches, after.aten_calls - before.aten_calls};
}

#define NEEDS_NVRTC()                                  \
  if (!find_nvrtc()) SKIP("no NVRTC on this machine"); \
  use_stand_in_cuda()

TEST_CASE("on CUDA a call that repeats is its result and one launch") {
  NEEDS_NVRTC();
  for (const auto& sizes : {std::vector<std::int64_t>{64}, {2, 3, 4, 5}}) {
    Calls calls = on_stand_in(sizes);
    const at::Device device = calls.x.device();
    const ResultGeometry geometry = result_geometry(sizes, calls.x.strides(), at::kFloat);
    const Counted result = counted([&] { allocate(geometry, device); });
    CHECK(result == Counted{.allocations = 4, .locks = 0});  // tensor, version counter, storage, memory
    const auto check_all = [&](const std::vector<Calls::Form>& forms) {
      for (const auto& form : forms) {
        check(form, result);
        CHECK(effects(form.call) == Effects{.launches = 1});
      }
    };
    check_all(calls.of_cpp_call());
    const Switched on;
    check_all(calls.of_override());
  }
}

TEST_CASE("a CUDA call runs on the device of its tensors and on that device's current stream") {
  NEEDS_NVRTC();
  const std::vector<std::int64_t> sizes{64};
  const Switched on;
  for (const int device : {1, 0, 1}) {
    at::Tensor x = stand_in_tensor(sizes, at::kFloat, device);
    for (const c10::StreamId stream : {0, 32, 48, 32, 0}) {
      stand_in_torch().stream = stream;
      CHECK(at::add(x, x).get_device() == device);
      CHECK(stand_in_driver().context == stand_in_context(device));
      CHECK(stand_in_driver().stream == reinterpret_cast<void*>(stream));
      x.add_(x);
      CHECK(stand_in_driver().context == stand_in_context(device));
      CHECK(stand_in_driver().stream == reinterpret_cast<void*>(stream));
      CHECK(stand_in_driver().first_parameter == x.data_ptr());
      CHECK(stand_in_torch().device == 0);
      CHECK(stand_in_driver().current_context == stand_in_context(0));
    }
  }
}

TEST_CASE("the first call of its kind during a graph capture is ATen's, a later one is captured") {
  NEEDS_NVRTC();
  const Switched on;
  const at::Tensor x = stand_in_tensor({17, 3}).t();
  const at::Tensor y = stand_in_tensor({3, 17}, at::kHalf);
  stand_in_torch().capturing = true;
  CHECK(effects([&] { at::add(x, y); }) == Effects{.aten_calls = 1});
  stand_in_torch().capturing = false;
  at::add(x, y);
  stand_in_torch().capturing = true;
  CHECK(effects([&] { at::add(x, y); }) == Effects{.launches = 1});
  stand_in_torch().capturing = false;
}

TEST_CASE("a product that is not padded is ATen's, and takes nothing from the heap") {
  NEEDS_NVRTC();
  register_overrides();
  for (const std::int64_t size : {63, 64}) {
    const at::Tensor x = stand_in_tensor({size, size}, at::kHalf);
    const auto product = [&] { at::mm(x, x); };
    product();  // the dispatcher's first call of its own
    const Counted alone = counted(product);
    const Switched on;
    const std::uint64_t before = served();
    CHECK(counted(product) == alone);
    CHECK(effects(product) == Effects{.aten_calls = 1});
    CHECK(served() == before);
  }
}

TEST_CASE("a list has a launch for each 256 entries, and takes nothing from the heap") {
  NEEDS_NVRTC();
  const Device device{Device::Kind::Cuda, 0};
  REQUIRE(has_lists(device));
  CHECK(!has_lists({}));
  Signature signature;
  signature.op = &ops::neg_op;
  signature.operands.push_back({.kind = CallOperand::Kind::Tensor, .dtype = DType::F32});
  signature.results.push_back(DType::F32);
  CHECK(!find_list_plan(signature, device));
  const ListPlan plan = make_list_plan(signature, device);
  CHECK(find_list_plan(signature, device)->variant == plan.variant);
  for (const std::size_t entries : {0, 1, 256, 257, 600}) {
    const std::vector<void*> tensors(2 * entries);
    const std::vector<std::int64_t> counts(entries, 3);
    const auto step = [&] { launch(plan, tensors, counts, {}, nullptr); };
    CHECK(counted(step) == Counted{});
    CHECK(effects(step) == Effects{.launches = static_cast<int>(entries + 255) / 256});
  }
  CHECK_THROWS_WITH(launch(plan, {}, std::vector<std::int64_t>{3}, {}, nullptr),
                    "gems_neg_f32_list: a list of 1 entries was given 0 addresses and 0 numbers, expected 2 and 0");
}

TEST_CASE("a launch that the driver refuses is left to ATen") {
  NEEDS_NVRTC();
  const Switched on;
  at::Tensor x = stand_in_tensor({64});
  x.add_(x);
  stand_in_driver().next_result = 700;
  CHECK(effects([&] { x.add_(x); }) == Effects{.launches = 1, .aten_calls = 1});
  stand_in_driver().next_result = 0;
}

namespace {

void measure(Calls calls) {
  const at::Device device = calls.x.device();
  const ResultGeometry geometry = result_geometry(calls.x.sizes(), calls.x.strides(), at::kFloat);
  BENCHMARK("the result alone") { return allocate(geometry, device); };
  for (const auto& form : calls.of_cpp_call()) BENCHMARK(form.name) {
      form.call();
    };
  const Switched on;
  for (const auto& form : calls.of_override()) BENCHMARK(form.name) {
      form.call();
    };
  const at::AutoDispatchBelowADInplaceOrView below;
  for (const auto& form : calls.of_override()) BENCHMARK(std::string(form.name) + " below autograd") {
      form.call();
    };
}

}  // namespace

TEST_CASE("time of a tiny call on the CPU", "[.][benchmark]") { measure(on_cpu({64})); }

// More geometries than a thread's table holds, so that each is analysed whenever its turn comes.
TEST_CASE("time of a call of a new geometry on the CPU", "[.][benchmark]") {
  const at::Tensor base = at::ones({40'000});
  std::vector<at::Tensor> views;
  for (std::int64_t stride = 3; stride < 20'003; ++stride) views.push_back(base.as_strided({2, 3}, {stride, 1}));
  std::size_t next = 0;
  const auto negate = [&] { return at::neg(views[next++ % views.size()]); };
  const auto add = [&] {
    const at::Tensor& a = views[next++ % views.size()];
    return at::add(a, a);
  };
  register_overrides();
  BENCHMARK("-a, ATen's") { return negate(); };
  BENCHMARK("a + b, ATen's") { return add(); };
  const Switched on;
  BENCHMARK("-a") { return negate(); };
  BENCHMARK("a + b") { return add(); };
}

TEST_CASE("time of a tiny call on CUDA, without allocator and driver", "[.][benchmark]") {
  NEEDS_NVRTC();
  measure(on_stand_in({64}));
}

TEST_CASE("time of a product that is not padded", "[.][benchmark]") {
  NEEDS_NVRTC();
  register_overrides();
  for (const std::int64_t size : {63, 64}) {
    const at::Tensor x = stand_in_tensor({size, size}, at::kHalf);
    const std::string name = std::to_string(size);
    BENCHMARK(name + ", ATen's") { return at::mm(x, x); };
    const Switched on;
    BENCHMARK(name + ", passed on") { return at::mm(x, x); };
  }
}

}  // namespace gems
