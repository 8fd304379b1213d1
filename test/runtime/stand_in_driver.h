// What the stand-in CUDA driver was asked in this thread. A test program finds it in the place of libcuda.so.1, because
// its run path names the driver's folder.
#pragma once

#include <dlfcn.h>

namespace gems::test {

inline constexpr int StandInDevices = 2;

struct StandInDriver {
  int launches = 0;
  int modules = 0;
  int context_switches = 0;
  int next_result = 0;              // of cuLaunchKernel: set by a test
  void* current_context = nullptr;  // as PyTorch's device guard leaves it: set by a test
  // Of the last launch.
  void* stream = nullptr;
  void* context = nullptr;
  void* first_parameter = nullptr;
};

// Of this thread.
inline StandInDriver& stand_in_driver() {
  static const auto get =
      reinterpret_cast<StandInDriver* (*)()>(::dlsym(::dlopen("libcuda.so.1", RTLD_NOW), "stand_in_driver"));
  return *get();
}

// The primary context of a device.
inline void* stand_in_context(int device) {
  static const auto get =
      reinterpret_cast<void* (*)(int)>(::dlsym(::dlopen("libcuda.so.1", RTLD_NOW), "stand_in_context"));
  return get(device);
}

}  // namespace gems::test
