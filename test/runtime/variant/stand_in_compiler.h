// A compiler for tests of the runtime alone: knows one kernel, x * y in f32, counts what it is asked, can be slow and
// can fail. Linked in place of gems::compiler, so that these tests build in seconds and run under ThreadSanitizer.
#pragma once

#include <atomic>

namespace gems::test {

struct StandIn {
  std::atomic<int> compiles{0};
  std::atomic<int> compile_ms{0};            // how long each takes
  std::atomic<bool> fails{false};            // compiles throw
  std::atomic<bool> refuses_objects{false};  // loads throw until a compile
  std::atomic<bool> refuses_always{false};   // loads throw
  std::atomic<const char*> version{"stand-in"};
};
extern StandIn stand_in;

}  // namespace gems::test
