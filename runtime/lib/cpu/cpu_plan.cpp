// Runs a plan on the CPU: splits the elements over threads, walks the outer dimensions, calls the kernel on runs of the
// innermost one.
#include "cpu/cpu_plan.h"

#include <algorithm>
#include <array>

#include "cpu/cpu_launch.h"
#include "cpu/cpu_row_plan.h"
#include "gems/compiler/cpu.h"

namespace gems {
namespace {

// Threads get whole blocks, so that flat work starts at multiples of a cache line. Below GrainBlocks blocks a second
// thread costs more than it brings.
constexpr std::int64_t BlockElements = 4096;
constexpr std::int64_t GrainBlocks = 8;

class CpuPlan final : public Plan {
 public:
  static std::unique_ptr<Plan> make(const Variant& variant, const IterationSpace& space,
                                    std::span<const NamedTensor> tensors);
  void operator delete(void* memory) { ::operator delete(memory); }
  void launch(void* const* tensors, const NumberValue* numbers, void* stream) const override;

  const Variant& variant;
  CpuKernel kernel;
  std::int64_t element_count;
  std::size_t rank;
  // Sizes, innermost first; then strides in bytes, for each dimension those of all tensors. Behind the object, in its
  // block of memory.
  const std::int64_t* geometry() const { return reinterpret_cast<const std::int64_t*>(this + 1); }

 private:
  CpuPlan(const Variant& variant, const IterationSpace& space, std::span<const NamedTensor> tensors);
  void* operator new(std::size_t, void* memory) { return memory; }
};

struct Launch {
  const CpuPlan& plan;
  void* const* tensors;
  const void* const* numbers;
};

// Elements [begin, end) in the order of the collapsed dimensions.
void run_range(const Launch& launch, std::int64_t begin, std::int64_t end) {
  const CpuPlan& plan = launch.plan;
  const std::size_t rank = plan.rank;
  const std::size_t tensors = plan.tensor_count;
  const std::int64_t* sizes = plan.geometry();
  const std::int64_t* strides = sizes + rank;
  const std::int64_t inner = sizes[0];

  // Coordinates of the first element; row[t] is the address of coordinate 0 of the innermost dimension.
  std::array<std::int64_t, MaxRank> at{};
  std::int64_t rest = begin / inner;
  std::int64_t column = begin % inner;
  for (std::size_t d = 1; d < rank; ++d) {
    at[d] = rest % sizes[d];
    rest /= sizes[d];
  }
  std::array<char*, MaxTensors> row;
  for (std::size_t t = 0; t < tensors; ++t) {
    row[t] = static_cast<char*>(launch.tensors[t]);
    for (std::size_t d = 1; d < rank; ++d) row[t] += at[d] * strides[d * tensors + t];
  }

  std::array<char*, MaxTensors> data;
  for (;;) {
    const std::int64_t count = std::min(inner - column, end - begin);
    for (std::size_t t = 0; t < tensors; ++t) data[t] = row[t] + column * strides[t];
    plan.kernel(data.data(), strides, launch.numbers, count);
    begin += count;
    if (begin >= end) return;
    column = 0;
    for (std::size_t d = 1; d < rank; ++d) {
      const std::int64_t* step = strides + d * tensors;
      if (++at[d] < sizes[d]) {
        for (std::size_t t = 0; t < tensors; ++t) row[t] += step[t];
        break;
      }
      for (std::size_t t = 0; t < tensors; ++t) row[t] -= (sizes[d] - 1) * step[t];
      at[d] = 0;
    }
  }
}

CpuPlan::CpuPlan(const Variant& variant, const IterationSpace& space, std::span<const NamedTensor> tensors)
    : variant(variant),
      kernel(reinterpret_cast<CpuKernel>(variant.kernel.function)),
      element_count(space.element_count),
      rank(static_cast<std::size_t>(space.geometry.rank)) {
  auto* next = reinterpret_cast<std::int64_t*>(this + 1);
  for (std::size_t d = 0; d < rank; ++d) *next++ = space.geometry.sizes[d];
  for (std::size_t d = 0; d < rank; ++d)
    for (std::size_t t = 0; t < tensors.size(); ++t)
      *next++ = space.geometry.strides[t][d] * static_cast<std::int64_t>(size_bytes(tensors[t].view.dtype));
}

std::unique_ptr<Plan> CpuPlan::make(const Variant& variant, const IterationSpace& space,
                                    std::span<const NamedTensor> tensors) {
  const std::size_t words = static_cast<std::size_t>(space.geometry.rank) * (1 + tensors.size());
  void* const memory = ::operator new(sizeof(CpuPlan) + words * sizeof(std::int64_t));
  return std::unique_ptr<Plan>(new (memory) CpuPlan(variant, space, tensors));
}

void CpuPlan::launch(void* const* tensors, const NumberValue* numbers, void*) const {
  const PackedNumbers packed(variant, numbers);
  Launch launch{.plan = *this, .tensors = tensors, .numbers = packed.addresses()};
  if (element_count <= BlockElements * GrainBlocks) {
    run_range(launch, 0, element_count);
    return;
  }
  parallel_for()((element_count + BlockElements - 1) / BlockElements, GrainBlocks, &launch,
                 [](void* context, std::int64_t begin, std::int64_t end) {
                   const Launch& work = *static_cast<const Launch*>(context);
                   run_range(work, begin * BlockElements, std::min(end * BlockElements, work.plan.element_count));
                 });
}

}  // namespace

std::unique_ptr<Plan> cpu_plan(const Variant& variant, const IterationSpace& space,
                               std::span<const NamedTensor> tensors) {
  if (std::get<CpuLayout>(variant.layout).walk != CpuWalk::Elements) return cpu_row_plan(variant, space, tensors);
  return CpuPlan::make(variant, space, tensors);
}

}  // namespace gems
