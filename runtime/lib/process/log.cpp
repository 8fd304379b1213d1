// Writes lines to stderr, and queues them for the listener. See log.h and gems/runtime/log.h.
#include "process/log.h"

#include <fmt/format.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "gems/runtime/settings.h"

namespace gems {
namespace {

constexpr std::size_t MaxWaiting = 1024;

constinit std::atomic<bool> has_listener{false};

struct Delivery {
  std::mutex mutex;  // held for moments only, never while the listener is called
  std::condition_variable changed;
  std::deque<LogMessage> waiting;
  std::uint64_t dropped = 0;
  LogListener listener = nullptr;
  std::thread thread;  // of this listener

  void work(LogListener to);
};

// Never destroyed: messages may come until the process ends.
Delivery& delivery() {
  static Delivery& the_delivery = *[] {
    auto* made = new Delivery;
    ::pthread_atfork([] { delivery().mutex.lock(); }, [] { delivery().mutex.unlock(); },
                     [] {
                       // The thread, and who waited for it, do not exist here; its messages are the parent's.
                       Delivery& here = delivery();
                       new (&here.thread) std::thread;
                       new (&here.changed) std::condition_variable;
                       here.waiting.clear();
                       here.dropped = 0;
                       here.mutex.unlock();
                     });
    return made;
  }();
  return the_delivery;
}

LogMessage message_now(LogLevel level, std::string_view text) {
  const std::chrono::duration<double> time = std::chrono::system_clock::now().time_since_epoch();
  return {.level = level,
          .text = std::string(text),
          .time_s = time.count(),
          .thread = static_cast<std::uint64_t>(::pthread_self())};
}

// Until the listener is taken back and has had all.
void Delivery::work(LogListener to) {
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [&] { return !waiting.empty() || listener == nullptr; });
    if (waiting.empty()) return;
    std::deque<LogMessage> batch = std::exchange(waiting, {});
    if (const std::uint64_t count = std::exchange(dropped, 0))
      batch.push_back(message_now(LogLevel::Warning, fmt::format("{} messages were dropped here: they came faster than "
                                                                 "the program's log took them",
                                                                 count)));
    lock.unlock();
    for (const LogMessage& message : batch) to(message);
    lock.lock();
  }
}

// Signals are the program's: none is handled on this thread.
std::thread start_without_signals(Delivery& to) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread started;
  try {
    started = std::thread([&to, listener = to.listener] { to.work(listener); });
  } catch (const std::system_error&) {
    // No thread can be had: the next message tries again.
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

void write_line(const std::string& line) { std::fwrite(line.data(), 1, line.size(), stderr); }

}  // namespace

void listen_to_log(LogListener listener) {
  Delivery& to = delivery();
  std::thread ending;
  {
    const std::lock_guard lock(to.mutex);
    has_listener.store(false, std::memory_order_relaxed);
    to.listener = nullptr;
    ending = std::exchange(to.thread, {});
    to.changed.notify_all();
  }
  if (ending.joinable()) ending.join();
  const std::lock_guard lock(to.mutex);
  to.waiting.clear();
  to.listener = listener;
  has_listener.store(listener != nullptr, std::memory_order_relaxed);
}

void tell_log_listener(LogLevel level, std::string_view text) {
  if (!has_listener.load(std::memory_order_relaxed)) return;
  LogMessage message = message_now(level, text);
  Delivery& to = delivery();
  const std::lock_guard lock(to.mutex);
  if (to.listener == nullptr) return;
  if (to.waiting.size() >= MaxWaiting) {
    ++to.dropped;
    return;
  }
  to.waiting.push_back(std::move(message));
  if (!to.thread.joinable()) to.thread = start_without_signals(to);
  to.changed.notify_one();
}

void warn(std::string_view text) {
  write_line(fmt::format("gems: warning: {}\n", text));
  tell_log_listener(LogLevel::Warning, text);
}

bool is_log_heard() { return settings().log || has_listener.load(std::memory_order_relaxed); }

void log_line(LogLevel level, std::string_view text) {
  if (settings().log) write_line(fmt::format("gems: {}\n", text));
  tell_log_listener(level, text);
}

}  // namespace gems
