// torch.ops.gems._adam_steps_: one step of Adam of many parameters, for gems.optim.
#pragma once

namespace torch {
class Library;
}

namespace gems::aten {

// _adam_steps_(Tensor(a!)[] params, Tensor[] grads, Tensor(b!)[] exp_avgs, Tensor(c!)[] exp_avg_sqs, Tensor(d!)[]
// steps, float lr, float beta1, float beta2, float eps, float weight_decay, bool decoupled) -> bool: adam_step of each
// parameter, in place. steps are tensors of one number on the CPU, which are counted up. False, and nothing is changed,
// unless all other tensors are plain floats and those of one parameter are on one CPU or CUDA device. Autograd does not
// see the call. Throws c10::Error for lists of different lengths and for what adam_step refuses; others may have been
// changed then.
void register_adam_steps(torch::Library& library);

}  // namespace gems::aten
