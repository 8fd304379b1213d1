// The log's listener: what it hears and where, that nobody waits for it, fork, and the end.
#include "gems/runtime/log.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>
#include <mutex>
#include <thread>
#include <vector>

#include "process/log.h"

using namespace gems;

namespace {

// What the listener heard; guarded by a mutex that tests hold to keep the listener waiting.
struct Heard {
  std::mutex mutex;
  std::vector<LogMessage> messages;
  std::vector<std::uint64_t> threads;  // that called the listener
};
Heard heard;

void hear(const LogMessage& message) {
  const std::lock_guard lock(heard.mutex);
  heard.messages.push_back(message);
  heard.threads.push_back(static_cast<std::uint64_t>(::pthread_self()));
}

// Listens for the length of a test.
struct Listening {
  explicit Listening(LogListener listener = hear) {
    heard.messages.clear();
    heard.threads.clear();
    listen_to_log(listener);
  }
  ~Listening() { listen_to_log(nullptr); }
};

std::vector<std::string> texts_after_the_end() {
  listen_to_log(nullptr);
  std::vector<std::string> texts;
  for (const LogMessage& message : heard.messages) texts.push_back(message.text);
  return texts;
}

}  // namespace

TEST_CASE("a listener hears every message in order, with its level, time and thread, on a thread of its own") {
  const Listening listening;
  CHECK(is_log_heard());
  const auto before = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  log_line(LogLevel::Info, "one");
  std::uint64_t other = 0;
  std::thread([&] {
    other = static_cast<std::uint64_t>(::pthread_self());
    tell_log_listener(LogLevel::Debug, "two");
  }).join();
  warn("three");
  CHECK(texts_after_the_end() == std::vector<std::string>{"one", "two", "three"});
  const auto& messages = heard.messages;
  CHECK(messages[0].level == LogLevel::Info);
  CHECK(messages[1].level == LogLevel::Debug);
  CHECK(messages[2].level == LogLevel::Warning);
  CHECK((messages[0].time_s >= before && messages[0].time_s < before + 60));
  CHECK(messages[0].thread == static_cast<std::uint64_t>(::pthread_self()));
  CHECK(messages[1].thread == other);
  CHECK(heard.threads[0] == heard.threads[2]);
  CHECK(heard.threads[0] != messages[0].thread);
}

TEST_CASE("a message that is said just before the end is heard") {
  for (int i = 0; i < 200; ++i) {
    const Listening listening;
    tell_log_listener(LogLevel::Info, "last words");
    REQUIRE(texts_after_the_end() == std::vector<std::string>{"last words"});
  }
}

TEST_CASE("without a listener nothing is heard, and no text need be made") {
  listen_to_log(nullptr);
  CHECK_FALSE(is_log_heard());
  tell_log_listener(LogLevel::Warning, "nobody");
  const Listening listening;
  CHECK(texts_after_the_end().empty());
}

TEST_CASE("nobody waits for a listener that takes no more; what it missed is counted") {
  const Listening listening;
  {
    const std::lock_guard slow(heard.mutex);
    for (int i = 0; i < 5000; ++i) tell_log_listener(LogLevel::Info, std::to_string(i));
  }
  const std::vector<std::string> texts = texts_after_the_end();
  REQUIRE(texts.size() >= 1025);
  CHECK((texts[0] == "0" && texts[1023] == "1023"));
  // One note, or more when the thread of the listener came late to its first messages.
  std::size_t notes = 0;
  std::size_t dropped = 0;
  for (const LogMessage& message : heard.messages) {
    if (message.level != LogLevel::Warning) continue;
    ++notes;
    dropped += std::stoul(message.text);
    CHECK(message.text.ends_with(" messages were dropped here: they came faster than the program's log took them"));
  }
  CHECK(notes >= 1);
  CHECK(texts.size() - notes + dropped == 5000);
}

TEST_CASE("a listener may say something itself") {
  const Listening listening([](const LogMessage& message) {
    if (message.text == "question") tell_log_listener(LogLevel::Info, "answer");
    hear(message);
  });
  tell_log_listener(LogLevel::Info, "question");
  for (int i = 0; i < 1000; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const std::lock_guard lock(heard.mutex);
    if (heard.messages.size() == 2) break;
  }
  CHECK(texts_after_the_end() == std::vector<std::string>{"question", "answer"});
}

TEST_CASE("a child of fork hears what it says itself, and not what its parent said") {
  const Listening listening;
  {
    const std::lock_guard slow(heard.mutex);
    for (int i = 0; i < 3; ++i) tell_log_listener(LogLevel::Info, "of the parent");
    const pid_t child = ::fork();
    if (child == 0) {
      new (&heard.mutex) std::mutex;
      tell_log_listener(LogLevel::Info, "of the child");
      ::_exit(texts_after_the_end() == std::vector<std::string>{"of the child"} ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(texts_after_the_end().size() == 3);
}

TEST_CASE("the listener's thread handles no signal") {
  static std::atomic<bool> blocked{false};
  const Listening listening([](const LogMessage&) {
    sigset_t masked;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &masked);
    blocked = ::sigismember(&masked, SIGINT) == 1 && ::sigismember(&masked, SIGTERM) == 1;
  });
  tell_log_listener(LogLevel::Info, "any");
  listen_to_log(nullptr);
  CHECK(blocked);
  sigset_t own;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &own);
  CHECK(::sigismember(&own, SIGINT) == 0);
}
