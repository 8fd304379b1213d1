// A CUDA device as the current one of this thread, for as long as something is done that goes by the current device:
// allocations, ATen's kernels. A launch does not: its kernel knows its context.
#pragma once

#include <c10/core/Device.h>

namespace gems::aten {

// Nothing for the CPU, and only a look when the device is current already.
class DeviceScope {
 public:
  explicit DeviceScope(at::Device device);
  ~DeviceScope();
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  at::Device before_;
  bool switched_ = false;
};

}  // namespace gems::aten
