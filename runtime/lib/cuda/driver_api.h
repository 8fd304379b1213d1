// The part of the CUDA driver's C interface that gems calls, declared here so that building needs no CUDA toolkit. The
// names and types are those of cuda.h (12 and 13). Included by driver.cpp only.
#pragma once

#include <cstddef>

namespace gems::driver_api {

using Result = int;                  // CUresult; 0 is success
using Device = int;                  // CUdevice
using Context = void*;               // CUcontext
using Module = void*;                // CUmodule
using Function = void*;              // CUfunction
using Stream = void*;                // CUstream
using Address = unsigned long long;  // CUdeviceptr

inline constexpr int AttributeMemoryClock = 36;  // CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, in kHz
inline constexpr int AttributeMemoryWidth = 37;  // CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, in bits
inline constexpr int AttributeProcessors = 16;   // CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT
inline constexpr int AttributeMajor = 75;        // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
inline constexpr int AttributeMinor = 76;        // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR

inline constexpr int FunctionSharedBytes = 8;  // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES

// CUlaunchConfig with its CUlaunchAttribute.
struct LaunchAttribute {
  static constexpr unsigned Cluster = 4;  // CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION
  unsigned id = 0;
  char padding[4] = {};
  union {
    unsigned cluster[3];
    char bytes[64] = {};
  };
};
struct LaunchConfiguration {
  unsigned grid_x = 1, grid_y = 1, grid_z = 1;
  unsigned block_x = 1, block_y = 1, block_z = 1;
  unsigned shared_bytes = 0;
  Stream stream = nullptr;
  LaunchAttribute* attributes = nullptr;
  unsigned attribute_count = 0;
};

struct Functions {
  Result (*init)(unsigned flags) = nullptr;
  Result (*driver_get_version)(int*) = nullptr;
  Result (*get_error_name)(Result, const char**) = nullptr;
  Result (*get_error_string)(Result, const char**) = nullptr;
  Result (*device_get_count)(int*) = nullptr;
  Result (*device_get)(Device*, int ordinal) = nullptr;
  Result (*device_get_name)(char*, int length, Device) = nullptr;
  Result (*device_get_attribute)(int*, int attribute, Device) = nullptr;
  Result (*primary_context_retain)(Context*, Device) = nullptr;
  Result (*context_get_current)(Context*) = nullptr;
  Result (*context_push)(Context) = nullptr;
  Result (*context_pop)(Context*) = nullptr;
  Result (*context_get_device)(Device*) = nullptr;
  Result (*context_synchronize)() = nullptr;
  Result (*module_load_data)(Module*, const void* image) = nullptr;
  Result (*module_get_function)(Function*, Module, const char* name) = nullptr;
  Result (*launch_kernel)(Function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                          unsigned block_y, unsigned block_z, unsigned shared_bytes, Stream, void** parameters,
                          void** extra) = nullptr;
  Result (*launch_kernel_ex)(const LaunchConfiguration*, Function, void** parameters, void** extra) = nullptr;
  Result (*set_function_attribute)(Function, int attribute, int value) = nullptr;
  Result (*resident_blocks)(int*, Function, int block_threads, std::size_t shared_bytes) = nullptr;
  Result (*resident_clusters)(int*, Function, const LaunchConfiguration*) = nullptr;
  Result (*memory_allocate)(Address*, std::size_t size_bytes) = nullptr;
  Result (*memory_free)(Address) = nullptr;
  Result (*copy_to_device)(Address, const void*, std::size_t size_bytes) = nullptr;
  Result (*copy_to_host)(void*, Address, std::size_t size_bytes) = nullptr;
};

}  // namespace gems::driver_api
