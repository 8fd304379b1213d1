// Threads that take pieces of the loops in flight. See thread_pool.h.
#include "cpu/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "gems/runtime/settings.h"

namespace gems {
namespace {

// Pieces per thread: enough that a slow thread does not hold up the others, few enough that taking one is cheap.
constexpr std::int64_t PiecesPerThread = 4;

// One call of parallel_for; lives on the caller's stack. `threads` and `next_loop` are guarded by the pool's mutex.
struct Loop {
  std::int64_t count;
  std::int64_t piece;
  void* context;
  void (*fn)(void*, std::int64_t, std::int64_t);
  std::atomic<std::int64_t> next{0};
  int threads = 0;  // workers inside this loop
  Loop* next_loop = nullptr;

  bool has_pieces() const { return next.load(std::memory_order_relaxed) < count; }

  void run_pieces() {
    for (;;) {
      const std::int64_t begin = next.fetch_add(piece, std::memory_order_relaxed);
      if (begin >= count) return;
      fn(context, begin, std::min(begin + piece, count));
    }
  }
};

thread_local bool inside_a_loop = false;

class Pool {
 public:
  explicit Pool(int workers) {
    for (int i = 0; i < workers; ++i) std::thread([this] { work(); }).detach();
  }

  void run(Loop& loop) {
    {
      std::lock_guard lock(mutex_);
      loop.next_loop = loops_;
      loops_ = &loop;
    }
    wake_.notify_all();
    inside_a_loop = true;
    loop.run_pieces();
    inside_a_loop = false;
    std::unique_lock lock(mutex_);
    Loop** at = &loops_;
    while (*at != &loop) at = &(*at)->next_loop;
    *at = loop.next_loop;
    done_.wait(lock, [&] { return loop.threads == 0; });
  }

 private:
  void work() {
    inside_a_loop = true;
    std::unique_lock lock(mutex_);
    for (;;) {
      Loop* loop = loops_;
      while (loop && !loop->has_pieces()) loop = loop->next_loop;
      if (!loop) {
        wake_.wait(lock);
        continue;
      }
      ++loop->threads;
      lock.unlock();
      loop->run_pieces();
      lock.lock();
      // The caller may return, and the loop be gone, as soon as the mutex is released.
      if (--loop->threads == 0) done_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  Loop* loops_ = nullptr;
};

// Never destroyed: the threads wait in it until the process ends. In a child of fork the threads do not exist and its
// mutex may be held by one of them, so the child forgets it.
constinit std::atomic<Pool*> the_pool{nullptr};
constinit std::atomic<bool> pool_is_starting{false};

void forget_pool() {
  the_pool.store(nullptr, std::memory_order_relaxed);
  pool_is_starting.store(false, std::memory_order_relaxed);
}

Pool& pool() {
  if (Pool* made = the_pool.load(std::memory_order_acquire)) return *made;
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  ::pthread_once(&once, [] { ::pthread_atfork(nullptr, nullptr, forget_pool); });
  while (pool_is_starting.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
  Pool* made = the_pool.load(std::memory_order_acquire);
  if (!made) {
    made = new Pool(settings().threads - 1);
    the_pool.store(made, std::memory_order_release);
  }
  pool_is_starting.store(false, std::memory_order_release);
  return *made;
}

}  // namespace

void pool_parallel_for(std::int64_t count, std::int64_t grain, void* context,
                       void (*fn)(void* context, std::int64_t begin, std::int64_t end)) {
  if (count <= 0) return;
  const std::int64_t threads = settings().threads;
  const std::int64_t even = (count + threads * PiecesPerThread - 1) / (threads * PiecesPerThread);
  const std::int64_t piece = std::max({std::int64_t{1}, grain, even});
  if (threads == 1 || piece >= count || inside_a_loop) {
    fn(context, 0, count);
    return;
  }
  Loop loop{.count = count, .piece = piece, .context = context, .fn = fn};
  pool().run(loop);
}

}  // namespace gems
