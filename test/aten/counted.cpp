// The interposed functions: this program's definitions come before those of the C library for every library in it.
#include "counted.h"

#include <dlfcn.h>
#include <pthread.h>

#include <cstddef>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

// No constructor and no destructor: malloc is called before the one and after the other.
constinit thread_local gems::test::Counted so_far;

}  // namespace

extern "C" {

__attribute__((visibility("default"))) void* malloc(std::size_t size) {
  ++so_far.allocations;
  return __libc_malloc(size);
}
__attribute__((visibility("default"))) void* calloc(std::size_t count, std::size_t size) {
  ++so_far.allocations;
  return __libc_calloc(count, size);
}
__attribute__((visibility("default"))) void* realloc(void* memory, std::size_t size) {
  ++so_far.allocations;
  return __libc_realloc(memory, size);
}
__attribute__((visibility("default"))) void* memalign(std::size_t alignment, std::size_t size) {
  ++so_far.allocations;
  return __libc_memalign(alignment, size);
}
__attribute__((visibility("default"))) void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return memalign(alignment, size);
}
__attribute__((visibility("default"))) int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  *memory = memalign(alignment, size);
  return *memory ? 0 : 12;  // ENOMEM
}
__attribute__((visibility("default"))) int pthread_mutex_lock(pthread_mutex_t* mutex) {
  // Not a static with a guard: the guard may take a lock.
  constinit static int (*original)(pthread_mutex_t*) = nullptr;
  if (!original) original = reinterpret_cast<int (*)(pthread_mutex_t*)>(::dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  ++so_far.locks;
  return original(mutex);
}

}  // extern "C"

namespace gems::test {

Counted counted_so_far() { return so_far; }

}  // namespace gems::test
