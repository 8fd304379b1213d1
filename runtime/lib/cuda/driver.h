// Modules, launches and memory on a CUDA device, in its primary context (the one PyTorch uses). All errors are
// gems::Error naming call, result, and what the caller says it was for.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "backend/backend.h"

namespace gems::driver {

// 12010 for a driver that came with CUDA 12.1.
int version();

// A kernel in the primary context of the device, and with it NAME_fold. shared_bytes: of its blocks, at most, where
// they have dynamic shared memory.
LoadedKernel load_kernel(int device, std::span<const char> cubin, const std::string& name, bool has_fold = false,
                         std::size_t shared_bytes = 0);

struct Grid {
  unsigned grid_x = 1, grid_y = 1, grid_z = 1;
  unsigned block_x = 1, block_y = 1;
  unsigned cluster = 1;       // blocks along x
  unsigned shared_bytes = 0;  // dynamic ones, of a block
};
// How many blocks run at once on the kernel's device, in whole clusters; at least one cluster.
unsigned resident_blocks(const Kernel& kernel, const Grid& grid, std::string_view name);
// parameters: one address per kernel parameter. No allocation, no lock. name: of the kernel, for messages.
void launch(const Kernel& kernel, const Grid& grid, void* stream, void** parameters, std::string_view name);

// Blocking memory calls on a device, for tests and tools.
void* allocate(int device, std::size_t size_bytes);
void release(int device, void* memory);
void copy_to_device(int device, void* to, const void* from, std::size_t size_bytes);
void copy_to_host(int device, void* to, const void* from, std::size_t size_bytes);
void synchronize(int device);

}  // namespace gems::driver
