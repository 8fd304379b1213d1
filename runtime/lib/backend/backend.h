// What the runtime asks of a kind of device: from a call's iteration space to a plan that launches. Two objects,
// cuda_backend and cpu_backend; backend_of() is all that tells them apart elsewhere.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/compiled_kernel.h"
#include "backend/plan.h"
#include "gems/runtime/iteration_space.h"

namespace gems {

// CUDA: a CUfunction and its CUcontext. CPU: a CpuKernel. Never unloaded.
struct Kernel {
  void* function = nullptr;
  void* fold = nullptr;  // CUDA: of rows that blocks share
  void* context = nullptr;
};

// Nothing thrown when a binary is refused: kernel.function is null and problem says why, so that a cached binary can be
// compiled again.
struct LoadedKernel {
  Kernel kernel;
  std::string problem;
};

// One kernel parameter before the results'.
struct KernelParameter {
  OperandForm form = OperandForm::Tensor;
  std::uint8_t index = 0;      // Tensor: among the tensors of a launch. Number: among its numbers
  DType compute = DType::F32;  // Number
};

// One op, traced for the dtypes, forms and flags of a call, compiled for a layout and a device, loaded.
struct Variant {
  std::string name;  // of the kernel
  std::vector<KernelParameter> parameters;
  std::size_t operand_tensors = 0;
  std::size_t results = 0;
  std::size_t numbers = 0;
  KernelLayout layout;
  Schedule schedule;
  Kernel kernel;
};

struct Backend {
  // What the call's kernel may depend on. Leaves the space as that kernel walks it.
  KernelLayout (*layout)(std::string_view op, IterationSpace& space, std::span<const NamedTensor> operands,
                         std::span<const NamedTensor> results);
  // The same of a rowwise call, with its trace.
  KernelLayout (*row_layout)(const TraceGraph& graph, IterationSpace& space, std::span<const NamedTensor> operands,
                             std::span<const NamedTensor> results, int device);
  // From the cache, else by the compiler. device: an index, as in Device.
  CompiledKernel (*compile)(const TraceGraph& graph, const KernelLayout& layout, int device, KernelCache& cache);
  LoadedKernel (*load)(const CompiledKernel& kernel, int device);
  // tensors: those of the space, in its order. The variant outlives the plan.
  std::unique_ptr<Plan> (*plan)(const Variant& variant, const IterationSpace& space,
                                std::span<const NamedTensor> tensors);
};

}  // namespace gems
