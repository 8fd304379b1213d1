// Many threads, nothing compiled yet: one compile per variant, everybody gets it; failures, refused binaries, fork.
// Built with the stand-in compiler; also under ThreadSanitizer (GEMS_TSAN_TESTS).
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>

#include "gems/dsl.h"
#include "gems/dsl/error.h"
#include "gems/runtime/cache.h"
#include "gems/runtime/counters.h"
#include "gems/runtime/plan.h"
#include "gems/runtime/settings.h"
#include "run.h"
#include "stand_in_compiler.h"

using namespace gems;
using namespace gems::test;
using Catch::Matchers::ContainsSubstring;

// The fork test starts threads in a child; ThreadSanitizer stops such a child unless it is told not to.
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }

namespace {

using gems::dsl::pointwise;

// Each test case takes ops that no other one touches: variants stay for the life of the process.
#define PRODUCT(op_name)                                                             \
  pointwise({.name = op_name, .promotion_methods = {promote({0, 1}, dsl::Default)}}, \
            [](dsl::Tensor x, dsl::Tensor y) { return x * y; })
constexpr std::array<OpDef, 4> cold_ops{PRODUCT("cold0"), PRODUCT("cold1"), PRODUCT("cold2"), PRODUCT("cold3")};
constexpr OpDef failing_op = PRODUCT("failing");
constexpr OpDef refused_op = PRODUCT("refused");
constexpr OpDef refused_always_op = PRODUCT("refused_always");
constexpr OpDef kept_op = PRODUCT("kept");
constexpr OpDef forked_op = PRODUCT("forked");
constexpr OpDef shared_op = PRODUCT("shared");

// x * y on tensors of count elements, with y broadcast or not: two variants an op.
struct Product {
  std::vector<float> x;
  std::vector<float> y;
  std::vector<float> out;
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides{1};
  std::vector<std::int64_t> y_sizes;

  Product(std::int64_t count, bool broadcast)
      : x(static_cast<std::size_t>(count)), y(x.size()), out(x.size()), sizes{count}, y_sizes{broadcast ? 1 : count} {
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<float>(i);
      y[i] = 3 + static_cast<float>(i % 5);
    }
  }
  bool run_is_right(const OpDef& op) {
    Argument first;
    first.tensor = {.data = x.data(), .dtype = DType::F32, .sizes = sizes, .strides = strides};
    Argument second;
    second.tensor = {.data = y.data(), .dtype = DType::F32, .sizes = y_sizes, .strides = strides};
    const std::array<Argument, 2> operands{first, second};
    const std::array<TensorView, 1> results{
        {{.data = out.data(), .dtype = DType::F32, .sizes = sizes, .strides = strides}}};
    const PlanRequest request{.op = &op, .operands = operands, .results = results, .device = {}};
    run(request);
    for (std::size_t i = 0; i < x.size(); ++i)
      if (out[i] != x[i] * y[y_sizes[0] == 1 ? 0 : i]) return false;
    return is_planned(request);
  }
};

void in_threads(int count, const std::function<void(int)>& fn) {
  std::barrier start(count);
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      fn(i);
    });
  for (std::thread& thread : threads) thread.join();
}

std::string message_of(const std::function<void()>& fn) {
  try {
    fn();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

// The exit status of fn in a child; 9 if it does not come back in time.
int in_child(const std::function<bool()>& fn) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);
    ::_exit(fn() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 9;
}

}  // namespace

TEST_CASE("8 threads that start cold on the same calls compile each variant once and all get right results") {
  stand_in.compiles = 0;
  stand_in.compile_ms = 20;
  std::atomic<int> wrong{0};
  in_threads(8, [&](int thread) {
    for (std::size_t i = 0; i < 2 * cold_ops.size(); ++i) {
      // Each thread in another order; 100,003 elements go through the thread pool.
      const std::size_t at = (i + static_cast<std::size_t>(thread)) % (2 * cold_ops.size());
      Product small(100 + thread, at % 2 == 0);
      Product large(100'003, at % 2 == 0);
      wrong += !small.run_is_right(cold_ops[at / 2]);
      wrong += !large.run_is_right(cold_ops[at / 2]);
    }
  });
  stand_in.compile_ms = 0;
  CHECK(wrong == 0);
  CHECK(stand_in.compiles == static_cast<int>(2 * cold_ops.size()));
}

TEST_CASE("a compile that fails is an error for every thread that waits, and is not tried again") {
  stand_in.compiles = 0;
  stand_in.compile_ms = 20;
  stand_in.fails = true;
  std::atomic<int> failures{0};
  in_threads(8, [&](int) {
    Product product(10, false);
    failures +=
        message_of([&] { product.run_is_right(failing_op); }) == "failing: the stand-in compiler was told to fail";
  });
  stand_in.fails = false;
  stand_in.compile_ms = 0;
  CHECK(failures == 8);
  CHECK(stand_in.compiles == 1);
  Product product(20, false);
  CHECK_THAT(message_of([&] { product.run_is_right(failing_op); }), ContainsSubstring("told to fail"));
  CHECK(stand_in.compiles == 1);
}

TEST_CASE("a second process takes the kernel from disk") {
  CHECK(in_child([] {
          Product product(10, false);
          return product.run_is_right(kept_op) && counters().disk_misses > 0;
        }) == 0);
  stand_in.compiles = 0;
  const auto before = counters();
  take_thread_compiles();
  Product product(10, false);
  CHECK(product.run_is_right(kept_op));
  CHECK(stand_in.compiles == 0);
  CHECK(counters().disk_hits == before.disk_hits + 1);
  CHECK(take_thread_compiles().compiles == 0);
}

TEST_CASE("two versions of gems share a directory: each finds its own kernels, and what nobody uses ages out") {
  const std::string dir = settings().cache_dir;
  const auto compiles_of = [](const char* version) {
    return in_child([&] {
      stand_in.version = version;
      stand_in.compiles = 0;
      Product product(10, false);
      return product.run_is_right(shared_op) && stand_in.compiles == 0;
    });
  };
  const auto entries_of = [&](std::string_view version) {
    std::size_t count = 0;
    for (const CacheFile& file : list_cache(dir))
      count += file.entry && file.entry->op == "shared" && file.entry->key_text.find(version) != std::string::npos;
    return count;
  };
  CHECK(compiles_of("older") == 1);
  CHECK(compiles_of("newer") == 1);
  CHECK(compiles_of("older") == 0);
  CHECK(compiles_of("newer") == 0);
  CHECK(entries_of("generator older\n") == 1);
  CHECK(entries_of("generator newer\n") == 1);

  std::uint64_t newer_bytes = 0;
  for (const CacheFile& file : list_cache(dir)) {
    const bool is_newer = file.entry && file.entry->key_text.find("generator newer\n") != std::string::npos;
    if (is_newer) newer_bytes = file.size_bytes;
    const auto age = std::chrono::hours(is_newer ? 1 : 1000);
    std::filesystem::last_write_time(dir + "/" + file.key + ".kernel",
                                     std::filesystem::file_time_type::clock::now() - age);
  }
  KernelCache({.dir = dir, .max_bytes = newer_bytes * 3 / 2}).prune();
  CHECK(entries_of("generator older\n") == 0);
  CHECK(entries_of("generator newer\n") == 1);
  CHECK(compiles_of("newer") == 0);
  CHECK(compiles_of("older") == 1);
}

TEST_CASE("a cached binary that is refused is removed and compiled once more") {
  CHECK(in_child([] {
          Product product(10, false);
          return product.run_is_right(refused_op);
        }) == 0);
  stand_in.compiles = 0;
  stand_in.refuses_objects = true;
  take_thread_compiles();
  Product product(10, false);
  CHECK(product.run_is_right(refused_op));
  CHECK(stand_in.compiles == 1);
  CHECK(take_thread_compiles().compiles == 1);
}

TEST_CASE("a fresh binary that is refused is an error with op, kernel, key and directory") {
  stand_in.compiles = 0;
  stand_in.refuses_always = true;
  Product product(10, false);
  const std::string message = message_of([&] { product.run_is_right(refused_always_op); });
  stand_in.refuses_always = false;
  CHECK(stand_in.compiles == 1);
  CHECK_THAT(message, ContainsSubstring("refused_always: the kernel refused_always_kernel was compiled but cannot be "
                                        "loaded") &&
                          ContainsSubstring("cache key ") && ContainsSubstring("gems-test-"));
}

TEST_CASE("a child forked while another thread compiles makes the variant itself") {
  stand_in.compiles = 0;
  stand_in.compile_ms = 300;
  std::thread compiling([] {
    Product product(10, false);
    product.run_is_right(forked_op);
  });
  while (stand_in.compiles == 0) std::this_thread::yield();
  const int status = in_child([] {
    stand_in.compile_ms = 0;
    Product product(10, false);
    Product large(1'000'000, false);
    return product.run_is_right(forked_op) && large.run_is_right(forked_op);
  });
  compiling.join();
  stand_in.compile_ms = 0;
  CHECK(status == 0);
}
