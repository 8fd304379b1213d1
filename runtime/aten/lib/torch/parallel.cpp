// at::parallel_for, written against libgomp's entry point: the header's version needs the compiler that built PyTorch
// to share its OpenMP runtime, which clang does not.
#include "torch/parallel.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "gems/runtime/plan.h"

extern "C" {
__attribute__((weak, visibility("default"))) void GOMP_parallel(void (*fn)(void*), void* data, unsigned threads,
                                                                unsigned flags);
__attribute__((weak, visibility("default"))) int omp_get_thread_num();
__attribute__((weak, visibility("default"))) int omp_get_num_threads();
}

namespace gems::aten {
namespace {

struct Range {
  std::int64_t count;
  std::int64_t grain;
  void* context;
  void (*fn)(void*, std::int64_t, std::int64_t);
};

void run_piece(void* data) {
  const Range& range = *static_cast<const Range*>(data);
  const std::int64_t threads =
      std::min<std::int64_t>(omp_get_num_threads(), at::divup(range.count, std::max<std::int64_t>(range.grain, 1)));
  const std::int64_t piece = at::divup(range.count, threads);
  const std::int64_t begin = omp_get_thread_num() * piece;
  if (begin < range.count) range.fn(range.context, begin, std::min(range.count, begin + piece));
}

void parallel_for(std::int64_t count, std::int64_t grain, void* context,
                  void (*fn)(void*, std::int64_t, std::int64_t)) {
  if (count <= 0) return;
  if (count <= grain || at::in_parallel_region() || at::get_num_threads() == 1) {
    fn(context, 0, count);
    return;
  }
  Range range{count, grain, context, fn};
  GOMP_parallel(run_piece, &range, 0, 0);
}

}  // namespace

void use_torch_threads() {
  if (GOMP_parallel != nullptr && omp_get_num_threads != nullptr && omp_get_thread_num != nullptr)
    set_parallel_for(parallel_for);
}

}  // namespace gems::aten
