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
  CpuPlan(const Variant& variant, const IterationSpace& space, std::span<const NamedTensor> tensors);
  void launch(void* const* tensors, const NumberValue* numbers, void* stream) const override;

  const Variant& variant;
  CpuKernel kernel;
  std::int64_t element_count;
  // Innermost first, and strides_bytes[dimension * tensors + tensor].
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides_bytes;
};

struct Launch {
  const CpuPlan& plan;
  void* const* tensors;
  const void* const* numbers;
};

// Elements [begin, end) in the order of the collapsed dimensions.
void run_range(const Launch& launch, std::int64_t begin, std::int64_t end) {
  const CpuPlan& plan = launch.plan;
  const std::size_t rank = plan.sizes.size();
  const std::size_t tensors = plan.tensor_count;
  const std::int64_t inner = plan.sizes[0];
  const std::int64_t* strides = plan.strides_bytes.data();

  // Coordinates of the first element; row[t] is the address of coordinate 0 of the innermost dimension.
  std::array<std::int64_t, MaxRank> at{};
  std::int64_t rest = begin / inner;
  std::int64_t column = begin % inner;
  for (std::size_t d = 1; d < rank; ++d) {
    at[d] = rest % plan.sizes[d];
    rest /= plan.sizes[d];
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
      if (++at[d] < plan.sizes[d]) {
        for (std::size_t t = 0; t < tensors; ++t) row[t] += step[t];
        break;
      }
      for (std::size_t t = 0; t < tensors; ++t) row[t] -= (plan.sizes[d] - 1) * step[t];
      at[d] = 0;
    }
  }
}

CpuPlan::CpuPlan(const Variant& variant, const IterationSpace& space, std::span<const NamedTensor> tensors)
    : variant(variant),
      kernel(reinterpret_cast<CpuKernel>(variant.kernel.function)),
      element_count(space.element_count),
      sizes(space.geometry.sizes.begin(), space.geometry.sizes.begin() + space.geometry.rank) {
  strides_bytes.reserve(sizes.size() * tensors.size());
  for (std::size_t d = 0; d < sizes.size(); ++d)
    for (std::size_t t = 0; t < tensors.size(); ++t)
      strides_bytes.push_back(space.geometry.strides[t][d] *
                              static_cast<std::int64_t>(size_bytes(tensors[t].view.dtype)));
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

std::shared_ptr<Plan> cpu_plan(const Variant& variant, const IterationSpace& space,
                               std::span<const NamedTensor> tensors) {
  if (std::get<CpuLayout>(variant.layout).walk != CpuWalk::Elements) return cpu_row_plan(variant, space, tensors);
  return std::make_shared<CpuPlan>(variant, space, tensors);
}

}  // namespace gems
