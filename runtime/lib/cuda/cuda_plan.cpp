// Runs a plan on a CUDA stream: addresses and numbers as kernel parameters, then one driver call.
#include "cuda/cuda_plan.h"

#include <algorithm>
#include <array>

#include "cuda/driver.h"
#include "gems/compiler/launch_geometry.h"
#include "gems/dsl/op.h"
#include "space/pack_number.h"

namespace gems {
namespace {

class CudaPlan final : public Plan {
 public:
  CudaPlan(const Variant& variant, const LaunchGeometry& launch)
      : variant_(variant),
        grid_{.grid_x = launch.grid_x,
              .grid_y = launch.grid_y,
              .grid_z = launch.grid_z,
              .block_x = launch.block_x,
              .block_y = launch.block_y,
              .cluster = std::max(launch.cluster, 1u),
              .shared_bytes = static_cast<unsigned>(launch.shared_bytes)},
        fold_{.grid_x = launch.fold.grid_x, .block_x = launch.fold.block_x, .block_y = launch.fold.block_y},
        geometry_(launch.parameter.begin(),
                  launch.parameter.begin() + static_cast<std::ptrdiff_t>(launch.parameter_bytes)) {
    scratch_bytes = launch.scratch_bytes;
    if (launch.cluster > 0 && grid_.grid_x > 0)
      grid_.grid_x = std::min(grid_.grid_x, driver::resident_blocks(variant.kernel, grid_, variant.name));
  }

  void launch(void* const* tensors, const NumberValue* numbers, void* stream) const override {
    alignas(MaxNumberBytes) std::array<std::array<std::byte, MaxNumberBytes>, MaxOperands> values;
    // The driver reads parameters through pointers, and only during the call.
    std::array<void*, MaxOperands + MaxResults + 2> addresses;
    std::size_t next = 0;
    for (const KernelParameter& parameter : variant_.parameters) {
      if (parameter.form == OperandForm::Tensor) {
        addresses[next++] = const_cast<void**>(tensors + parameter.index);
      } else {
        std::byte* value = values[parameter.index].data();
        pack_number(numbers[parameter.index], parameter.compute, value);
        addresses[next++] = value;
      }
    }
    for (std::size_t r = 0; r < variant_.results; ++r)
      addresses[next++] = const_cast<void**>(tensors + variant_.operand_tensors + r);
    void* none = nullptr;
    if (variant_.kernel.fold != nullptr)
      addresses[next++] =
          scratch_bytes == 0 ? &none : const_cast<void**>(tensors + variant_.operand_tensors + variant_.results);
    addresses[next++] = const_cast<std::byte*>(geometry_.data());
    if (grid_.grid_x > 0) driver::launch(variant_.kernel, grid_, stream, addresses.data(), variant_.name);
    if (fold_.grid_x == 0) return;
    const Kernel fold{.function = variant_.kernel.fold, .fold = nullptr, .context = variant_.kernel.context};
    driver::launch(fold, fold_, stream, addresses.data(), variant_.name);
  }

 private:
  const Variant& variant_;
  driver::Grid grid_;
  driver::Grid fold_;
  std::vector<std::byte> geometry_;  // the last kernel parameter
};

}  // namespace

std::unique_ptr<Plan> cuda_plan(const Variant& variant, const IterationSpace& space, std::span<const NamedTensor>) {
  return std::make_unique<CudaPlan>(
      variant, launch_geometry(variant.schedule, std::get<Layout>(variant.layout), space.geometry));
}

}  // namespace gems
