// The current stream, and whether it captures.
#include "torch/stream.h"

#include <c10/core/impl/VirtualGuardImpl.h>

// From the CUDA runtime that PyTorch's CUDA build brings along; null beside a CPU build.
extern "C" {
__attribute__((weak, visibility("default"))) int cudaStreamIsCapturing(void* stream, int* status);
__attribute__((weak, visibility("default"))) int cudaGetLastError();
}

namespace gems::aten {

void* current_stream(at::Device device) {
  if (device.is_cpu()) return nullptr;
  const c10::impl::VirtualGuardImpl guard(device.type());
  return guard.getStreamNativeHandle(guard.getStream(device));
}

bool is_capturing(at::Device device) {
  if (device.is_cpu() || cudaStreamIsCapturing == nullptr) return false;
  int status = 0;  // cudaStreamCaptureStatusNone
  if (cudaStreamIsCapturing(current_stream(device), &status) == 0) return status != 0;
  // The default stream must not be asked while another one captures. Nobody else shall find this error.
  cudaGetLastError();
  return true;
}

}  // namespace gems::aten
