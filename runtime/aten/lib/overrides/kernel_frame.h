// KernelFrame: what the functions that sit in ATen's dispatch table for the CPU and for CUDA have in common.
#pragma once

#include <ATen/core/boxing/KernelFunction.h>
#include <c10/core/DispatchKeySet.h>

namespace gems::aten {

class Override;

template <class Schema>
class KernelFrame;

// Offers calls of one overload to `override_`; original() is ATen's own kernel, for those that it doesn't serve.
template <class R, class... A>
class KernelFrame<R(A...)> : public c10::OperatorKernel {
 public:
  using Original = R (*)(A...);

  KernelFrame(Override& override, Original cpu, Original cuda) : override_(override), cpu_(cpu), cuda_(cuda) {}

 protected:
  Original original(c10::DispatchKeySet keys) const {
    return keys.has_backend(c10::BackendComponent::CUDABit) ? cuda_ : cpu_;
  }

  Override& override_;

 private:
  Original cpu_;
  Original cuda_;
};

}  // namespace gems::aten
