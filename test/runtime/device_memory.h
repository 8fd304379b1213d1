// Memory of a CUDA device for tests, through the runtime's own driver calls.
#pragma once

#include <cstddef>
#include <vector>

#include "cuda/driver.h"

namespace gems::test {

// The buffer starts as a copy of the values.
template <class T>
class DeviceBuffer {
 public:
  explicit DeviceBuffer(const std::vector<T>& values, int device = 0)
      : device_(device), count_(values.size()), data_(driver::allocate(device, bytes() + 256)) {
    driver::copy_to_device(device_, data_, values.data(), bytes());
  }
  ~DeviceBuffer() { driver::release(device_, data_); }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  void* data() const { return data_; }
  std::vector<T> values() const {
    std::vector<T> values(count_);
    driver::copy_to_host(device_, values.data(), data_, bytes());
    return values;
  }

 private:
  std::size_t bytes() const { return count_ * sizeof(T); }
  int device_;
  std::size_t count_;
  void* data_;
};

}  // namespace gems::test
