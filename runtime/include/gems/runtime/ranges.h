// Where the making of a kernel begins and ends, for a profiler that the host program brings: "gems::look_up OP" in the
// disk cache, "gems::compile OP" and "gems::load KERNEL", within the call that needs the kernel.
#pragma once

#include <string_view>

namespace gems {

// Both are called on the thread that does the work, once each; ranges nest. name holds until end.
struct RangeObserver {
  void* (*begin)(std::string_view name) = nullptr;  // what end is given; null: nobody profiles, end is not called
  void (*end)(void* range) = nullptr;
};

// For the life of the process; null: nobody observes, which is so unless this is called.
void set_range_observer(const RangeObserver* observer);

}  // namespace gems
