// Compiles emitted CUDA kernels as host C++ (many in one translation unit) and runs them without a GPU.
#pragma once

#include <vector>

#include "gems/compiler/cuda.h"
#include "gems/compiler/launch_geometry.h"
#include "gems/compiler/list_table.h"
#include "temporary_directory.h"

namespace gems::test {

class HostCuda {
 public:
  // Compiles all kernels; fails the running test with the compiler's output when it refuses one.
  explicit HostCuda(const std::vector<CudaKernel>& kernels);
  ~HostCuda();
  HostCuda(const HostCuda&) = delete;
  HostCuda& operator=(const HostCuda&) = delete;

  // arguments: the address of each kernel parameter but the last, which `launch` holds.
  void launch(std::size_t kernel, const LaunchGeometry& launch, std::vector<void*> arguments) const;
  // Of a list kernel. numbers: the address of each.
  void launch(std::size_t kernel, ListTable& table, int threads, std::vector<void*> numbers) const;

 private:
  using Launcher = void (*)(void** arguments, unsigned grid, unsigned parts, unsigned block_x, unsigned block_y,
                            unsigned cluster);
  TemporaryDirectory folder_;
  std::vector<void*> libraries_;
  std::vector<Launcher> launchers_;
  std::vector<Launcher> folds_;  // null: of kernels that have none
};

}  // namespace gems::test
