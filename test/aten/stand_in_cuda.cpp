// Symbols that gems::aten takes from libtorch_cuda and the CUDA runtime, defined in the test program.
#include "stand_in_cuda.h"

#include <ATen/EmptyTensor.h>
#include <ATen/ops/result_type.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <cstdlib>

#define STAND_IN __attribute__((visibility("default")))

namespace {

using gems::test::stand_in_torch;
using gems::test::StandInDevices;

class Memory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t size_bytes) override {
    void* memory = std::malloc(size_bytes);
    return {memory, memory, &std::free,
            c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(stand_in_torch().device))};
  }
  void copy_data(void* to, const void* from, std::size_t size_bytes) const override {
    default_copy_data(to, from, size_bytes);
  }
};

Memory& memory() {
  static auto& memory = *new Memory;
  return memory;
}

class Guard final : public c10::impl::DeviceGuardImplInterface {
 public:
  c10::DeviceType type() const override { return c10::kCUDA; }
  c10::Device getDevice() const override { return at(stand_in_torch().device); }
  c10::Device exchangeDevice(c10::Device device) const override {
    const c10::Device before = getDevice();
    setDevice(device);
    return before;
  }
  void setDevice(c10::Device device) const override { uncheckedSetDevice(device); }
  void uncheckedSetDevice(c10::Device device) const noexcept override {
    if (stand_in_torch().device != device.index()) ++stand_in_torch().device_switches;
    stand_in_torch().device = device.index();
    gems::test::stand_in_driver().current_context = gems::test::stand_in_context(device.index());
  }
  c10::Stream getStream(c10::Device device) const override {
    return c10::Stream(c10::Stream::UNSAFE, device, stand_in_torch().stream);
  }
  c10::Stream exchangeStream(c10::Stream stream) const override {
    const c10::Stream before = getStream(stream.device());
    stand_in_torch().stream = stream.id();
    return before;
  }
  void* getStreamNativeHandle(const c10::Stream stream) const override { return reinterpret_cast<void*>(stream.id()); }
  c10::DeviceIndex deviceCount() const noexcept override { return StandInDevices; }

 private:
  static c10::Device at(int index) { return {c10::kCUDA, static_cast<c10::DeviceIndex>(index)}; }
};

}  // namespace

namespace gems::test {

void use_stand_in_cuda() {
  static const bool done = [] {
    c10::impl::registerDeviceGuard(c10::kCUDA, new Guard);
    return true;
  }();
  static_cast<void>(done);
  stand_in_driver().current_context = stand_in_context(stand_in_torch().device);
}

at::Tensor stand_in_tensor(at::IntArrayRef sizes, at::ScalarType dtype, int device) {
  const int before = std::exchange(stand_in_torch().device, device);
  at::Tensor tensor(
      at::detail::empty_generic(sizes, &memory(), c10::DispatchKeySet(c10::DispatchKey::CUDA), dtype, {}));
  stand_in_torch().device = before;
  return tensor;
}

StandInTorch& stand_in_torch() {
  thread_local StandInTorch state;
  return state;
}

}  // namespace gems::test

extern "C" {
STAND_IN int cudaStreamIsCapturing(void*, int* status) {
  *status = stand_in_torch().capturing;
  return 0;
}
STAND_IN int cudaGetLastError() { return 0; }
}

// ATen's own kernels, which gems asks for the dtype of a result.
namespace at::cuda {

STAND_IN c10::Allocator* getCUDADeviceAllocator() { return &memory(); }

STAND_IN Tensor add(const Tensor& self, const Tensor& other, const Scalar&) {
  ++stand_in_torch().aten_calls;
  return gems::test::stand_in_tensor(self.sizes(), at::result_type(self, other), self.get_device());
}
STAND_IN Tensor& add_(Tensor& self, const Tensor&, const Scalar&) {
  ++stand_in_torch().aten_calls;
  return self;
}
STAND_IN Tensor& add_outf(const Tensor&, const Tensor&, const Scalar&, Tensor& out) {
  ++stand_in_torch().aten_calls;
  return out;
}
STAND_IN Tensor mul(const Tensor& self, const Tensor& other) {
  ++stand_in_torch().aten_calls;
  return gems::test::stand_in_tensor(self.sizes(), at::result_type(self, other), self.get_device());
}
STAND_IN Tensor mm(const Tensor& self, const Tensor&) {
  ++stand_in_torch().aten_calls;
  return self;
}

}  // namespace at::cuda
