// The CPU threads: every index once, from several callers, nested, and in a child of fork.
#include "cpu/thread_pool.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "gems/runtime/settings.h"

using namespace gems;

namespace {

// Counts how often each index was visited.
struct Visits {
  std::vector<std::atomic<int>> times;
  explicit Visits(std::int64_t count) : times(static_cast<std::size_t>(count)) {}
  static void visit(void* context, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) ++static_cast<Visits*>(context)->times[static_cast<std::size_t>(i)];
  }
  bool all_once() const {
    for (const auto& count : times)
      if (count != 1) return false;
    return true;
  }
};

bool visits_all(std::int64_t count, std::int64_t grain) {
  Visits visits(count);
  pool_parallel_for(count, grain, &visits, &Visits::visit);
  return visits.all_once();
}

// How many threads take part in a loop whose pieces take long enough for all to come.
std::size_t threads_in_a_loop() {
  struct Seen {
    std::mutex mutex;
    std::set<std::thread::id> threads;
  } seen;
  pool_parallel_for(32, 1, &seen, [](void* context, std::int64_t, std::int64_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    Seen& all = *static_cast<Seen*>(context);
    const std::lock_guard lock(all.mutex);
    all.threads.insert(std::this_thread::get_id());
  });
  return seen.threads.size();
}

}  // namespace

TEST_CASE("every index is visited once, for any count and grain") {
  for (const std::int64_t count : {0, 1, 7, 1000, 12345})
    for (const std::int64_t grain : {0, 1, 3, 1000, 100000}) CHECK(visits_all(count, grain));
}

TEST_CASE("several threads may call at once") {
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) wrong += !visits_all(500, 1);
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
}

TEST_CASE("a call from within a piece runs where it is") {
  std::atomic<int> wrong{0};
  pool_parallel_for(64, 1, &wrong, [](void* context, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) *static_cast<std::atomic<int>*>(context) += !visits_all(100, 1);
  });
  CHECK(wrong == 0);
}

TEST_CASE("a child of fork has threads of its own") {
  if (settings().threads < 2) SKIP("one thread on this machine");
  REQUIRE(threads_in_a_loop() > 1);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    ::_exit(visits_all(1000, 1) && threads_in_a_loop() > 1 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
