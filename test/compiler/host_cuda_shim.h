// CUDA's names in host C++, so that emitted kernels run without a GPU, one thread after the other, each up to the next
// barrier. Included by the translation units that host_cuda.cpp writes.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline
#define __noinline__
#define __constant__ static const
#define __launch_bounds__(...)
#define __grid_constant__
// One block runs at a time; those of a cluster in turns, between which what they have in this section is exchanged.
#define __shared__ static __attribute__((section("gems_shared")))
extern "C" char __start_gems_shared[] __attribute__((weak, visibility("hidden")));
extern "C" char __stop_gems_shared[] __attribute__((weak, visibility("hidden")));

struct uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct Index {
  unsigned x = 0, y = 0, z = 0;
};
static Index threadIdx, blockIdx, blockDim, gridDim;

using std::isfinite;
using std::isinf;
using std::isnan;
static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }
static inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
static inline unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
static inline long long min(long long a, long long b) { return a < b ? a : b; }
static inline long long max(long long a, long long b) { return a > b ? a : b; }
static inline unsigned long long min(unsigned long long a, unsigned long long b) { return a < b ? a : b; }
static inline unsigned long long max(unsigned long long a, unsigned long long b) { return a > b ? a : b; }
static inline float rsqrtf(float x) { return 1 / sqrtf(x); }
static inline double rsqrt(double x) { return 1 / sqrt(x); }
static inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(static_cast<std::uint64_t>(a) * b >> 32);
}
static inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned by) {
  return static_cast<unsigned>((static_cast<std::uint64_t>(high) << 32 | low) >> (by & 31));
}
static inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
static inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
static inline long long __double_as_longlong(double x) { return std::bit_cast<long long>(x); }
static inline double __longlong_as_double(long long x) { return std::bit_cast<double>(x); }
static inline int __double2hiint(double x) { return static_cast<int>(std::bit_cast<long long>(x) >> 32); }
static inline int __double2loint(double x) { return static_cast<int>(std::bit_cast<long long>(x)); }
static inline double __hiloint2double(int high, int low) {
  return std::bit_cast<double>(static_cast<long long>(high) << 32 | static_cast<unsigned>(low));
}

template <class Word>
static inline void store_word(Word* to, Word word) {
  *to = word;
}

// What the prelude does in PTX: see host_prelude() in host_cuda.cpp for where it is put.
#define GEMS_HOST_F16                                                                                            \
  static inline float to_f32(f16 x) {                                                                            \
    const unsigned sign = (x.bits & 0x8000u) << 16, field = x.bits >> 10 & 31, fraction = x.bits & 1023;         \
    if (field == 31) return __uint_as_float(sign | 0x7f800000u | fraction << 13);                                \
    const float magnitude = field == 0                                                                           \
                                ? std::ldexp(static_cast<float>(fraction), -24)                                  \
                                : std::ldexp(static_cast<float>(fraction | 1024), static_cast<int>(field) - 25); \
    return sign ? -magnitude : magnitude;                                                                        \
  }                                                                                                              \
  static inline f16 to_f16(float x) {                                                                            \
    unsigned bits = __float_as_uint(x);                                                                          \
    const u16 sign = static_cast<u16>(bits >> 16 & 0x8000u);                                                     \
    bits &= 0x7fffffffu;                                                                                         \
    if (bits > 0x7f800000u) return f16{static_cast<u16>(sign | 0x7e00)};                                         \
    if (bits >= 0x47800000u) return f16{static_cast<u16>(sign | 0x7c00)};                                        \
    if (bits < 0x38800000u) /* denormal: an addition rounds it */                                                \
      return f16{static_cast<u16>(sign | (__float_as_uint(__uint_as_float(bits) + 0.5f) - 0x3f000000u))};        \
    return f16{static_cast<u16>(sign | ((bits - 0x38000000u + 0xfffu + (bits >> 13 & 1)) >> 13))};               \
  }

// The threads of a block, or of the blocks of a cluster, as coroutines: each runs until it is done or waits at a
// barrier; then the next one runs.
class Block {
 public:
  explicit Block(std::function<void()> thread) : thread_(std::move(thread)) {}

  void run(unsigned size_x, unsigned size_y, unsigned blocks) {
    const std::size_t each = size_x * size_y;
    threads_.resize(each * blocks);
    running_ = this;
    shared_.assign(blocks, std::vector<char>(static_cast<std::size_t>(__stop_gems_shared - __start_gems_shared)));
    first_ = blockIdx.x;
    for (Thread& thread : threads_) start(thread);
    for (std::size_t done = 0; done < threads_.size();) {
      done = 0;
      for (std::size_t i = 0; i < threads_.size(); ++i) {
        if (i % each == 0) enter(static_cast<unsigned>(i / each));
        current_ = &threads_[i];
        if (current_->is_done && ++done) continue;
        threadIdx = {static_cast<unsigned>(i % each) % size_x, static_cast<unsigned>(i % each) / size_x, 0};
        swapcontext(&scheduler_, &current_->context);
        done += current_->is_done;
      }
    }
    blockIdx.x = first_;
  }
  static void wait() { swapcontext(&running_->current_->context, &running_->scheduler_); }

  // Of the cluster: how many blocks, which of them this is, and a value into the shared memory of all.
  static unsigned blocks() { return static_cast<unsigned>(running_->shared_.size()); }
  static unsigned rank() { return running_->rank_; }
  template <class T>
  static void put_everywhere(T& to, const T& value) {
    const auto at = reinterpret_cast<char*>(&to) - __start_gems_shared;
    for (std::vector<char>& shared : running_->shared_) *reinterpret_cast<T*>(shared.data() + at) = value;
    to = value;
  }

 private:
  struct Thread {
    ucontext_t context;
    std::vector<char> stack;
    bool is_done = false;
  };
  void start(Thread& thread) {
    thread.is_done = false;
    thread.stack.resize(64 * 1024);
    getcontext(&thread.context);
    thread.context.uc_stack.ss_sp = thread.stack.data();
    thread.context.uc_stack.ss_size = thread.stack.size();
    thread.context.uc_link = &scheduler_;
    makecontext(
        &thread.context,
        [] {
          running_->thread_();
          running_->current_->is_done = true;
        },
        0);
  }
  void enter(unsigned rank) {
    if (shared_.size() > 1) {
      std::copy(__start_gems_shared, __stop_gems_shared, shared_[rank_].begin());
      std::copy(shared_[rank].begin(), shared_[rank].end(), __start_gems_shared);
    }
    rank_ = rank;
    blockIdx.x = first_ + rank;
  }

  inline static Block* running_ = nullptr;
  std::function<void()> thread_;
  std::vector<Thread> threads_;
  Thread* current_ = nullptr;
  ucontext_t scheduler_;
  std::vector<std::vector<char>> shared_;  // of each block, while it does not run
  unsigned first_ = 0, rank_ = 0;
};
static inline void __syncthreads() { Block::wait(); }
static inline void __syncwarp() { Block::wait(); }
#define GEMS_HOST_STAGED_MEMORY __shared__ uint4 staged_memory[227 * 64];
#define GEMS_HOST_CLUSTER                                                         \
  static inline unsigned cluster_blocks() { return Block::blocks(); }             \
  static inline unsigned cluster_rank() { return Block::rank(); }                 \
  static inline void sync_cluster() { Block::wait(); }                            \
  template <class State>                                                          \
  struct ClusterExchange {                                                        \
    struct Slot {                                                                 \
      State state;                                                                \
    };                                                                            \
    Slot all[8];                                                                  \
    void prepare() {}                                                             \
    void exchange(const State& own, unsigned, unsigned) {                         \
      if (threadIdx.x == 0) Block::put_everywhere(all[Block::rank()], Slot{own}); \
      Block::wait();                                                              \
    }                                                                             \
  };

// Values of other lanes of the warp. All threads of a block call these as often as each other.
template <class F>
static inline unsigned exchange_lanes(unsigned value, F source) {
  static unsigned values_of_blocks[8][1024];
  auto& values = values_of_blocks[Block::rank()];
  const int own = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
  values[own] = value;
  Block::wait();
  const unsigned other = values[own / 32 * 32 + source(own % 32)];
  Block::wait();
  return other;
}
static inline unsigned __shfl_xor_sync(unsigned, unsigned value, int distance) {
  return exchange_lanes(value, [=](int lane) { return lane ^ distance; });
}
static inline unsigned __shfl_sync(unsigned, unsigned value, int from, int width) {
  return exchange_lanes(value, [=](int lane) { return lane / width * width + from % width; });
}
static inline unsigned __shfl_down_sync(unsigned, unsigned value, int distance, int width) {
  return exchange_lanes(value, [=](int lane) { return lane % width + distance < width ? lane + distance : lane; });
}
static inline unsigned __shfl_up_sync(unsigned, unsigned value, int distance, int width) {
  return exchange_lanes(value, [=](int lane) { return lane % width >= distance ? lane - distance : lane; });
}
static inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }

// Approximate instructions: the exact result moved by the error that the PTX manual allows, up or down by a bit of the
// operand. Kernels that are right with these are right with any instruction that keeps its promise.
static inline float moved(float x, double exact, double relative, double absolute = 0) {
  if (exact == 0 || !std::isfinite(exact)) return static_cast<float>(exact);
  const double direction = __float_as_uint(x) * 2654435761u >> 31 ? 1 : -1;
  return static_cast<float>(exact + direction * std::max(std::abs(exact) * relative, absolute));
}
static inline float host_lg2(float x) {
  return moved(x, std::log2(static_cast<double>(x)), 0x1p-22, x > 0.5f && x < 2 && x != 1 ? 0x1p-22 : 0);
}
#define GEMS_HOST_APPROXIMATIONS                                                                             \
  static inline float approx_ex4(float x) {                                                                  \
    const float root = moved(x, std::exp2(static_cast<double>(x)), 0x1p-22);                                 \
    return root < 0x1p-126f ? 0 : root * root;                                                               \
  }                                                                                                          \
  static inline float approx_exp_term(float x) {                                                             \
    const float result = moved(x, std::exp2(static_cast<double>(x * 1.442695041f)), 0x1p-22);                \
    return result < 0x1p-126f ? 0 : result;                                                                  \
  }                                                                                                          \
  static inline float approx_lg2(float x) { return host_lg2(x); }                                            \
  static inline float approx_rcp(float x) { return moved(x, 1 / static_cast<double>(x), 0x1p-23); }          \
  static inline float approx_sqrt(float x) { return moved(x, std::sqrt(static_cast<double>(x)), 0x1p-23); }  \
  static inline float approx_div(float x, float y) { return moved(x, static_cast<double>(x) / y, 0x1p-22); } \
  static inline double approx_rcp(double x) { return moved(static_cast<float>(x), 1 / x, 0x1p-22); }

// Runs a kernel over all blocks and threads; arguments[i] is the address of parameter i, as for cuLaunchKernel.
template <class... P, std::size_t... I>
void run_kernel(void (*kernel)(P...), void** arguments, unsigned grid, unsigned parts, unsigned block_x,
                unsigned block_y, unsigned cluster, std::index_sequence<I...>) {
  blockDim = {block_x, block_y, 1};
  gridDim = {grid, parts, 1};
  Block block([&] { kernel(*static_cast<std::remove_const_t<P>*>(arguments[I])...); });
  for (blockIdx.y = 0; blockIdx.y < parts; ++blockIdx.y)
    for (blockIdx.x = 0; blockIdx.x < grid; blockIdx.x += cluster) block.run(block_x, block_y, cluster);
}
template <class... P>
void run_kernel(void (*kernel)(P...), void** arguments, unsigned grid, unsigned parts, unsigned block_x,
                unsigned block_y, unsigned cluster) {
  run_kernel(kernel, arguments, grid, parts, block_x, block_y, cluster, std::index_sequence_for<P...>());
}
