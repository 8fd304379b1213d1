// Plans on a CUDA device: what plain loops give, from any thread, with and without a current context. Without a device
// the tests skip.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <complex>
#include <thread>

#include "call.h"
#include "device_memory.h"
#include "gems/dsl.h"
#include "gems/dsl/error.h"
#include "gems/runtime/cache.h"
#include "gems/runtime/counters.h"
#include "gems/runtime/device.h"
#include "gems/runtime/settings.h"
#include "nvrtc_library.h"

using namespace gems;
using namespace gems::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

#define NEEDS_DEVICE()                                                  \
  if (cuda_device_count() == 0) SKIP("no CUDA device on this machine"); \
  if (!find_nvrtc()) SKIP("no NVRTC on this machine")

namespace {

constexpr Device cuda_device{.kind = Device::Kind::Cuda, .index = 0};

// Eighths, so that sums are exact.
std::vector<float> random_values(Random& random, const Shaped& shaped) {
  std::vector<float> values(static_cast<std::size_t>(shaped.extent_elems()));
  for (float& value : values) value = static_cast<float>(pick(random, 2000) - 1000) / 8;
  return values;
}

// x + 2 y on a device over one random call, against nested loops.
bool random_add_is_right(unsigned seed, int device = 0) {
  Random random(seed);
  const auto shape = random_shape(random, 6, seed % 10 == 0 ? 12 : 4);
  const Shaped x = random_operand(random, shape);
  const Shaped y = random_operand(random, shape);
  const Shaped out = random_result(random, shape);
  const std::vector<float> x_values = random_values(random, x);
  const std::vector<float> y_values = random_values(random, y);
  std::vector<float> expected = random_values(random, out);
  const DeviceBuffer<float> x_buffer(x_values, device);
  const DeviceBuffer<float> y_buffer(y_values, device);
  const DeviceBuffer<float> out_buffer(expected, device);
  for_each_index(shape, [&](const std::vector<std::int64_t>& index) {
    expected[static_cast<std::size_t>(element_at(out, index))] =
        x_values[static_cast<std::size_t>(element_at(x, index))] +
        2 * y_values[static_cast<std::size_t>(element_at(y, index))];
  });
  const OpCall call{&op_named("add"),
                    {tensor_argument(x.view(x_buffer.data(), DType::F32)),
                     tensor_argument(y.view(y_buffer.data(), DType::F32)), number_argument(2.0)},
                    {out.view(out_buffer.data(), DType::F32)},
                    {.kind = Device::Kind::Cuda, .index = device}};
  run(call.request());
  return out_buffer.values() == expected;
}

// The sum over all rows, and what is left of an element without its row's.
constexpr OpDef summed_op = dsl::rowwise(
    {.name = "summed", .promotion_methods = {dsl::promote({0}, dsl::Default), dsl::promote({0}, dsl::Default)}},
    [](dsl::Tensor x) {
      const dsl::Expr sum = dsl::row_sum(x);
      return dsl::outputs(x - sum, dsl::column_sum(x - sum));
    });

// A contiguous tensor of n elements.
Shaped row(std::int64_t n) { return {{n}, {1}}; }

}  // namespace

TEST_CASE("without a CUDA device a CUDA plan is an error that says so") {
  if (cuda_device_count() > 0) SKIP("this machine has one");
  Floats x({4});
  OpCall call{&op_named("abs"), {tensor_argument(x.view())}, {x.view()}, cuda_device};
  CHECK_THROWS_MATCHES(make_plan(call.request()), Error, MessageMatches(ContainsSubstring("CUDA cannot be used: ")));
  CHECK_FALSE(is_planned(call.request()));
}

TEST_CASE("add on the device over random shapes and strides gives what nested loops give", "[gpu]") {
  NEEDS_DEVICE();
  for (unsigned seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    REQUIRE(random_add_is_right(seed));
  }
}

TEST_CASE("a thread without a current context, and a stream of null, work", "[gpu]") {
  NEEDS_DEVICE();
  bool right = false;
  std::thread([&] { right = random_add_is_right(1) && random_add_is_right(20); }).join();
  CHECK(right);
}

TEST_CASE("sums over all rows are of each row once, and 0 where there are none", "[gpu]") {
  NEEDS_DEVICE();
  for (const std::int64_t rows : {0, 1, 7, 3000})
    for (const std::int64_t columns : {1, 40, 333, 1024, 20000}) {
      if (rows * columns > 4000000) continue;
      CAPTURE(rows, columns);
      Random random(static_cast<unsigned>(rows + columns));
      const auto table = static_cast<std::size_t>(rows * columns);
      std::vector<float> x(std::max<std::size_t>(table, 1)), sums(static_cast<std::size_t>(columns));
      for (float& value : x) value = static_cast<float>(static_cast<int>(pick(random, 3)) - 1);
      for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
        const auto first = x.begin() + static_cast<std::ptrdiff_t>(row * sums.size());
        float sum = 0;
        for (std::size_t column = 0; column < sums.size(); ++column) sum += first[static_cast<std::ptrdiff_t>(column)];
        for (std::size_t column = 0; column < sums.size(); ++column)
          sums[column] += first[static_cast<std::ptrdiff_t>(column)] - sum;
      }
      const DeviceBuffer<float> x_buffer(x), elements_buffer(x), sums_buffer(std::vector<float>(sums.size(), 5.0f));
      const Shaped elements{{rows, columns}, {columns, 1}}, of_columns{{1, columns}, {columns, 1}};
      const std::vector<Argument> operands{tensor_argument(elements.view(x_buffer.data(), DType::F32))};
      const std::vector<TensorView> results{elements.view(elements_buffer.data(), DType::F32),
                                            of_columns.view(sums_buffer.data(), DType::F32)};
      const auto plan = make_plan(
          {.op = &summed_op, .operands = operands, .results = results, .reduced = 0b10, .device = cuda_device});
      REQUIRE(scratch_bytes(*plan) > 0);
      const DeviceBuffer<char> scratch(std::vector<char>(scratch_bytes(*plan)));
      launch(*plan, std::vector<void*>{x_buffer.data(), elements_buffer.data(), sums_buffer.data(), scratch.data()}, {},
             nullptr);
      CHECK(sums_buffer.values() == sums);
    }
}

TEST_CASE("each device runs its own calls, in one thread by turns", "[gpu]") {
  NEEDS_DEVICE();
  if (cuda_device_count() < 2) SKIP("one CUDA device on this machine");
  for (unsigned seed = 0; seed < 20; ++seed)
    for (int device = 0; device < cuda_device_count(); ++device) CHECK(random_add_is_right(seed, device));
}

TEST_CASE("8 threads that start cold on the device compile each variant once", "[gpu]") {
  NEEDS_DEVICE();
  const Shaped shaped = row(1000);
  const DeviceBuffer<float> x(std::vector<float>(1000, 3.0f));
  const auto before = counters();
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      const DeviceBuffer<float> out(std::vector<float>(1000));
      for (const char* op : {"mul", "sub"}) {
        OpCall call{&op_named(op),
                    {tensor_argument(shaped.view(x.data(), DType::F32)),
                     tensor_argument(shaped.view(x.data(), DType::F32)), number_argument(2)},
                    {shaped.view(out.data(), DType::F32)},
                    cuda_device};
        call.operands.resize(call.op->operands.size());
        run(call.request());
        right += out.values() == std::vector<float>(1000, call.operands.size() == 3 ? -3.0f : 9.0f);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 16);
  CHECK(counters().compiles + counters().disk_hits == before.compiles + before.disk_hits + 2);
}

TEST_CASE("a loaded kernel outlives its entry in the cache, on the device too", "[gpu]") {
  NEEDS_DEVICE();
  REQUIRE(random_add_is_right(3));
  clear_cache(settings().cache_dir);
  const auto before = counters();
  CHECK(random_add_is_right(3));
  CHECK(counters().compiles == before.compiles);
  CHECK(list_cache(settings().cache_dir).empty());
}

TEST_CASE("an address that breaks 16-byte alignment uses another variant, in place too", "[gpu]") {
  NEEDS_DEVICE();
  std::vector<float> values(1001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const DeviceBuffer<float> x(values);
  for (const std::int64_t offset : {0, 1, 2, 3, 4}) {
    Shaped shaped = row(990);
    shaped.offset_elems = offset;
    const TensorView view = shaped.view(x.data(), DType::F32);
    run(OpCall{
        &op_named("add"), {tensor_argument(view), tensor_argument(view), number_argument(1)}, {view}, cuda_device}
            .request());
    for (std::size_t i = 0; i < 990; ++i) values[i + static_cast<std::size_t>(offset)] *= 2;
    CHECK(x.values() == values);
  }
}

TEST_CASE("numbers reach the kernel in every compute dtype", "[gpu]") {
  NEEDS_DEVICE();
  const auto add_number = [](auto element, DType dtype, const NumberValue& number) {
    using T = decltype(element);
    const Shaped shaped = row(100);
    const DeviceBuffer<T> x(std::vector<T>(100, element));
    const DeviceBuffer<T> out(std::vector<T>(100));
    run(OpCall{&op_named("add"),
               {tensor_argument(shaped.view(x.data(), dtype)), number_argument(number), number_argument(1)},
               {shaped.view(out.data(), dtype)},
               cuda_device}
            .request());
    return out.values()[99];
  };
  const NumberValue seven{.dtype = DType::I64, .integer = 7, .value = {}};
  const NumberValue half{.dtype = DType::F64, .integer = 0, .value = 0.5};
  const NumberValue imaginary{.dtype = DType::C128, .integer = 0, .value = {0, 2}};
  CHECK(add_number(std::uint8_t{250}, DType::U8, seven) == 1);
  CHECK(add_number(std::int64_t{1} << 40, DType::I64, seven) == (std::int64_t{1} << 40) + 7);
  CHECK(add_number(1.0f, DType::F32, half) == 1.5f);
  CHECK(add_number(1.0, DType::F64, half) == 1.5);
  CHECK(add_number(std::uint16_t{0x3c00}, DType::F16, half) == 0x3e00);
  CHECK(add_number(std::uint16_t{0x3f80}, DType::BF16, half) == 0x3fc0);
  CHECK(add_number(std::complex<float>(1, 1), DType::C64, imaginary) == std::complex<float>(1, 3));
  CHECK(add_number(std::complex<double>(1, 1), DType::C128, imaginary) == std::complex<double>(1, 3));
}

TEST_CASE("a launch that the driver refuses is an error with call, result and kernel", "[gpu]") {
  NEEDS_DEVICE();
  const std::string text = "extern \"C\" __global__ void nothing() {}\n";
  const LoadedKernel loaded = driver::load_kernel(0, compile_cubin(text, "nothing", cuda_arch(0)), "nothing");
  REQUIRE(loaded.problem.empty());
  CHECK_THROWS_MATCHES(driver::launch(loaded.kernel, {.grid_x = 1, .block_x = 5000}, nullptr, nullptr, "nothing"),
                       Error,
                       MessageMatches(ContainsSubstring("cuLaunchKernel returned CUDA_ERROR_INVALID_VALUE") &&
                                      ContainsSubstring("for kernel nothing")));
  const std::vector<char> garbage(1000, 'x');
  CHECK_THAT(driver::load_kernel(0, garbage, "garbage").problem,
             ContainsSubstring("cuModuleLoadData returned CUDA_ERROR_INVALID_"));
}

TEST_CASE("a child of fork gets a clear error once CUDA was initialised, not a hang", "[gpu]") {
  NEEDS_DEVICE();
  REQUIRE(random_add_is_right(3));
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    try {
      random_add_is_right(3);
      ::_exit(1);
    } catch (const Error& error) {
      ::_exit(std::string(error.what()).find("forked after CUDA had been initialised") != std::string::npos ? 0 : 2);
    }
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
