// Through c10's device guard interface: no link to the CUDA libraries.
#include "torch/device_scope.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>

namespace gems::aten {

DeviceScope::DeviceScope(at::Device device) : before_(device) {
  if (device.is_cpu()) return;
  const auto* guard = c10::impl::getDeviceGuardImpl(device.type());
  before_ = guard->getDevice();
  if (before_ == device) return;
  guard->setDevice(device);
  switched_ = true;
}

DeviceScope::~DeviceScope() {
  if (switched_) c10::impl::getDeviceGuardImpl(before_.type())->uncheckedSetDevice(before_);
}

}  // namespace gems::aten
