// The tables of plans: bounded however many geometries go through them, and never without the plan of a call that is
// not done.
#include <ATen/ops/as_strided.h>
#include <ATen/ops/rand.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <thread>
#include <vector>

#include "gems/aten/call.h"
#include "gems/ops/arithmetic.h"
#include "gems/runtime/counters.h"
#include "gems/runtime/plan.h"

using namespace gems;

namespace {

// The n-th of a million layouts of rows in one buffer.
struct Rows {
  std::int64_t rows, columns, stride;
  explicit Rows(std::int64_t n) : rows(2 + n % 5), columns(2 + n / 5 % 5), stride(columns + n / 25) {}
  at::Tensor of(const at::Tensor& buffer) const { return buffer.as_strided({rows, columns}, {stride, 1}); }
};
constexpr std::int64_t BufferSize = 7 * (1'000'000 / 25 + 10);

bool negation_is_right(const at::Tensor& buffer, std::int64_t n) {
  const Rows layout(n);
  const at::Tensor result = call(ops::neg_op, layout.of(buffer));
  const auto* x = buffer.data_ptr<float>();
  const auto* out = result.data_ptr<float>();
  for (std::int64_t r = 0; r < layout.rows; ++r)
    for (std::int64_t c = 0; c < layout.columns; ++c)
      if (out[r * layout.columns + c] != -x[r * layout.stride + c]) return false;
  return true;
}

std::int64_t resident_bytes() {
  std::int64_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

}  // namespace

TEST_CASE("a million geometries on eight threads: right values, and at most 4 MiB that stay for a thread") {
  constexpr std::int64_t Threads = 8, Each = 1'000'000 / Threads;
  const at::Tensor buffer = at::rand({BufferSize});
  REQUIRE(negation_is_right(buffer, 0));
  const std::int64_t before = resident_bytes();
  std::int64_t grown = 0;
  std::atomic<std::int64_t> wrong{0};
  std::barrier all_done(Threads, [&]() noexcept { grown = resident_bytes() - before; });
  std::vector<std::thread> threads;
  for (std::int64_t t = 0; t < Threads; ++t)
    threads.emplace_back([&, t] {
      for (std::int64_t n = t * Each; n < (t + 1) * Each; ++n) wrong += !negation_is_right(buffer, n);
      all_done.arrive_and_wait();
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CAPTURE(grown);
  CHECK(grown <= Threads * (4 << 20));
}

TEST_CASE("a geometry in use keeps its place while others come once, and one that comes again gets a place") {
  const at::Tensor buffer = at::rand({BufferSize});
  const auto analyses = [&](std::int64_t n) {
    const std::uint64_t before = counters().plans;
    REQUIRE(negation_is_right(buffer, n));
    return counters().plans - before;
  };
  std::thread([&] {  // its table is empty
    for (std::int64_t n = 0; n < 100; ++n) {
      analyses(n);
      analyses(n);
    }
    for (std::int64_t n = 100; n < 20'000; ++n) CHECK(analyses(n) == 1);
    std::uint64_t kept = 0;
    for (std::int64_t n = 0; n < 100; ++n) kept += analyses(n) == 0;
    CHECK(kept > 90);  // but for two of one place
    for (std::int64_t n = 20'000; n < 20'100; ++n) {
      CHECK(analyses(n) == 1);
      analyses(n);
      CHECK(analyses(n) == 0);
    }
  })
      .join();
}

TEST_CASE("a call keeps its plan while its parallel loop makes calls of every other geometry") {
  static const at::Tensor buffer = at::rand({BufferSize});
  static std::atomic<int> wrong;
  wrong = 0;
  set_parallel_for([](std::int64_t count, std::int64_t, void* context, void (*fn)(void*, std::int64_t, std::int64_t)) {
    for (std::int64_t n = 0; n < 20'000; ++n) wrong += !negation_is_right(buffer, n);
    fn(context, 0, count);
  });
  const at::Tensor x = buffer.as_strided({300, 301}, {302, 1});
  const at::Tensor result = call(ops::neg_op, x);
  set_parallel_for(nullptr);
  CHECK(wrong == 0);
  CHECK(result.equal(x.neg()));
}
