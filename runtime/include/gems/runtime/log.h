// What the runtime says, for a host program with a log of its own: warnings, and a line for each kernel that becomes
// ready. stderr has the warnings whether anybody listens or not, and with GEMS_LOG=1 the lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gems {

// Debug: a kernel came from the cache. Info: a kernel was compiled.
enum class LogLevel : std::uint8_t { Debug, Info, Warning };

struct LogMessage {
  LogLevel level = LogLevel::Info;
  std::string text;
  double time_s = 0;         // since the epoch
  std::uint64_t thread = 0;  // that said it: pthread_self()
};

// Called with one message after the other, in the order in which they were said, on a thread that is there for nothing
// else: it holds no lock, so the listener may wait for whatever it likes, and call gems.
using LogListener = void (*)(const LogMessage&);

// From now on messages go to the listener; null: to none. Returns when the listener before has had all of its own.
// The thread is started by the first message. Who says something never waits for the listener: beyond 1024 messages
// that it has not had, more are dropped, and a warning says how many. In a child of fork the listener stays, without
// what it had not had. Not to be called by a listener.
void listen_to_log(LogListener listener);

// Says it to the listener only, for what the program has been told another way.
void tell_log_listener(LogLevel level, std::string_view text);

}  // namespace gems
