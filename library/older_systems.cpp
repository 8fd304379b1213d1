// What the C library and libstdc++ of Ubuntu 22.04 and RHEL 9 lack, and LLVM or the code built here would ask for: with
// these definitions libgems.so needs glibc 2.34 and GLIBCXX_3.4.29 at most. Hidden, like all that export.map does not
// name.
#include <pthread.h>
#include <sys/random.h>

#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <mutex>

// glibc 2.36. LLVM names temporary files with it.
extern "C" std::uint32_t arc4random() noexcept {
  std::uint32_t number = 0;
  // 4 bytes come whole; a signal may interrupt only before the kernel's pool is ready, right after it has booted.
  while (getrandom(&number, sizeof number, 0) != sizeof number)
    if (errno != EINTR) std::abort();
  return number;
}

// GLIBCXX_3.4.30 is a second version of this function that may be cancelled; what it does is the same.
void std::condition_variable::wait(std::unique_lock<std::mutex>& lock) {
  pthread_cond_wait(native_handle(), lock.mutex()->native_handle());
}
