// One call for all parameters: what a call from Python costs is paid once.
#include "operators/adam_steps.h"

#include <ATen/core/Tensor.h>
#include <c10/core/Scalar.h>
#include <torch/library.h>

#include <array>
#include <cmath>
#include <cstddef>

#include "gems/aten/serve.h"
#include "gems/ops/fused.h"
#include "operators/operators.h"

namespace gems::aten {
namespace {

CallCounts& counts() {
  static CallCounts& made = operator_counts("gems::_adam_steps_");
  return made;
}

void check(at::TensorList params, std::size_t count, const char* name) {
  TORCH_CHECK(count == params.size(), "op '_adam_steps_': operand '", name, "' has ", count, " elements, expected ",
              params.size(), ", one for each of 'params'");
}

void adam_steps(at::TensorList params, at::TensorList grads, at::TensorList exp_avgs, at::TensorList exp_avg_sqs,
                at::ArrayRef<double> steps, double lr, double beta1, double beta2, double eps, double weight_decay,
                bool decoupled) {
  check(params, grads.size(), "grads");
  check(params, exp_avgs.size(), "exp_avgs");
  check(params, exp_avg_sqs.size(), "exp_avg_sqs");
  check(params, steps.size(), "steps");
  const std::array<at::Scalar, 5> numbers{lr, beta1, beta2, eps, weight_decay};
  for (std::size_t i = 0; i < params.size(); ++i) {
    const at::Scalar correction1(1 - std::pow(beta1, steps[i]));
    const at::Scalar correction2(1 - std::pow(beta2, steps[i]));
    const std::array arguments{
        CallArgument(params[i]),      CallArgument(grads[i]),    CallArgument(exp_avgs[i]),
        CallArgument(exp_avg_sqs[i]), CallArgument(numbers[0]),  CallArgument(numbers[1]),
        CallArgument(numbers[2]),     CallArgument(numbers[3]),  CallArgument(numbers[4]),
        CallArgument(correction1),    CallArgument(correction2), CallArgument(FlagValue(decoupled)),
    };
    std::array<at::Tensor, 3> results{params[i], exp_avgs[i], exp_avg_sqs[i]};
    serve_or_throw({.op = &ops::adam_step_op, .arguments = arguments, .results = results, .raise = true}, counts());
    for (const at::Tensor& changed : results)
      if (!changed.is_inference()) changed.unsafeGetTensorImpl()->bump_version();
  }
}

}  // namespace

void register_adam_steps(torch::Library& library) {
  counts();  // so that the report knows the operator before its first call
  library.def(
      "_adam_steps_(Tensor(a!)[] params, Tensor[] grads, Tensor(b!)[] exp_avgs, Tensor(c!)[] exp_avg_sqs, "
      "float[] steps, float lr, float beta1, float beta2, float eps, float weight_decay, bool decoupled) -> ()");
  for (const c10::DispatchKey key : {c10::DispatchKey::CPU, c10::DispatchKey::CUDA})
    library.impl("_adam_steps_", torch::dispatch(key, TORCH_FN(adam_steps)));
}

}  // namespace gems::aten
