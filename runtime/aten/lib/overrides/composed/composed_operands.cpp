// Kinds, devices and shapes of a composed call's tensors.
#include "overrides/composed/composed_operands.h"

#include <c10/util/strides.h>

#include "geometry/plain_tensor.h"
#include "torch/allocate.h"
#include "torch/device_scope.h"
#include "torch/named_tensors.h"
#include "torch/undispatched_view.h"

namespace gems::aten {

std::optional<DeclineReason> check_plain(std::initializer_list<const at::Tensor*> tensors) {
  std::uint64_t keys = 0;
  bool any_named = false;
  std::optional<at::Device> device;
  bool is_one_device = true;
  for (const at::Tensor* tensor : tensors) {
    if (tensor == nullptr) continue;
    if (!tensor->defined()) return DeclineReason::Arguments;
    keys |= tensor->key_set().raw_repr();
    any_named |= is_named(*tensor);
    is_one_device &= !device || *device == tensor->device();
    device = tensor->device();
  }
  if (auto reason = refuse_kinds(keys, any_named)) return reason;
  if (!is_one_device) return DeclineReason::Devices;
  return std::nullopt;
}

std::optional<DeclineReason> check_given(const at::Tensor& result, at::IntArrayRef sizes, at::ScalarType dtype) {
  if (!result.defined()) return std::nullopt;
  if (result.scalar_type() != dtype) return DeclineReason::AtenRaises;
  if (result.sizes() != sizes) return DeclineReason::OutputShape;
  return std::nullopt;
}

void allocate_if_missing(at::Tensor& result, at::IntArrayRef sizes, at::ScalarType dtype, at::Device device) {
  if (result.defined()) return;
  const DeviceScope scope(device);
  result = allocate(result_geometry(sizes, c10::contiguous_strides(sizes), dtype), device);
}

at::Tensor repeated(const at::Tensor& element, at::IntArrayRef sizes) {
  const at::DimVector strides(sizes.size(), 0);
  return undispatched_view(element, element.scalar_type(), sizes, strides, element.storage_offset());
}

}  // namespace gems::aten
