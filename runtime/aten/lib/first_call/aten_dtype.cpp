// ATen's kernels on small tensors, with nothing of them to be seen.
#include "first_call/aten_dtype.h"

#include <c10/util/DimVector.h>
#include <c10/util/Exception.h>
#include <c10/util/strides.h>

#include <cstring>
#include <string_view>

#include "switches/switches.h"
#include "torch/allocate.h"

namespace gems::aten {
namespace {

// Given wherever a complex half is allocated, and so by our own allocation too: it says nothing about the call.
constexpr std::string_view ComplexHalfWarning = "ComplexHalf support is experimental";

class WarningRecorder final : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override {
    warned_ = warned_ || !std::string_view(warning.msg()).starts_with(ComplexHalfWarning);
  }
  bool warned() const { return warned_; }

 private:
  bool warned_ = false;
};

}  // namespace

AtenDtype aten_dtype_of(const AtenProbe& probe) {
  const AllOff quiet;  // what ATen's kernel calls on its way is no call of the user's
  WarningRecorder recorder;
  const c10::WarningUtils::WarningHandlerGuard guard(&recorder);
  // A warning that ATen gives only once must be left for the call that ATen will do.
  const c10::WarningUtils::WarnAlways always;
  try {
    const ResultTypes dtypes = probe();
    if (recorder.warned()) return {.declined = DeclineReason::AtenWarns};
    return {.declined = std::nullopt, .dtypes = dtypes};
  } catch (const std::exception&) {
    return {.declined = DeclineReason::AtenRaises};
  }
}

at::Tensor probe_rows_like(const at::Tensor& tensor) {
  at::DimVector sizes;
  for (const std::int64_t size : tensor.sizes()) sizes.push_back(probe_size(size));
  at::Tensor small =
      allocate(result_geometry(sizes, c10::contiguous_strides(sizes), tensor.scalar_type()), tensor.device());
  if (tensor.is_cpu() && small.numel() > 0) std::memset(small.mutable_data_ptr(), 1, small.nbytes());
  return small;
}

at::Tensor probe_tensor_like(const at::Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  const bool zero_dim = tensor.dim() == 0;
  const std::int64_t count = tensor.numel() == 1 ? 1 : 2;
  const at::DimVector sizes(zero_dim ? 0 : 1, count);
  const at::DimVector strides(zero_dim ? 0 : 1, 1);
  at::Tensor small = allocate(result_geometry(sizes, strides, tensor.scalar_type()), tensor.device());
  if (tensor.is_cpu()) {
    // Ones are true for bool and no zero for anything else, so that ATen has no division by zero to refuse.
    if (zero_dim)
      std::memcpy(small.mutable_data_ptr(), tensor.const_data_ptr(), tensor.element_size());
    else
      std::memset(small.mutable_data_ptr(), 1, static_cast<std::size_t>(count) * tensor.element_size());
  }
  if (zero_dim) small.unsafeGetTensorImpl()->set_wrapped_number(tensor.unsafeGetTensorImpl()->is_wrapped_number());
  return small;
}

}  // namespace gems::aten
