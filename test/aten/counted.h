// What a piece of code costs beside its work: heap allocations and locks of this thread. malloc and its kin and
// pthread_mutex_lock are interposed for the whole program, so that what PyTorch's libraries and libstdc++ do on our
// behalf counts too.
#pragma once

#include <cstdint>
#include <ostream>

namespace gems::test {

struct Counted {
  std::uint64_t allocations = 0;
  std::uint64_t locks = 0;
  bool operator==(const Counted&) const = default;
  friend Counted operator-(const Counted& a, const Counted& b) {
    return {a.allocations - b.allocations, a.locks - b.locks};
  }
  friend std::ostream& operator<<(std::ostream& out, const Counted& counted) {
    return out << counted.allocations << " allocations, " << counted.locks << " locks";
  }
};

// Since this thread began.
Counted counted_so_far();

template <class F>
Counted counted(F&& act) {
  const Counted before = counted_so_far();
  act();
  return counted_so_far() - before;
}

}  // namespace gems::test
