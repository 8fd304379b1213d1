// torch.ops.gems._adam_steps_: one step of Adam of many parameters, for gems.optim.
#pragma once

namespace torch {
class Library;
}

namespace gems::aten {

// _adam_steps_(Tensor(a!)[] params, Tensor[] grads, Tensor(b!)[] exp_avgs, Tensor(c!)[] exp_avg_sqs, float[] steps,
// float lr, float beta1, float beta2, float eps, float weight_decay, bool decoupled): adam_step of each parameter, in
// place; steps counts the one that is taken. The tensors of one parameter have one shape and device. Throws c10::Error
// for lists of different lengths and for what adam_step refuses; parameters before that one have been changed then.
void register_adam_steps(torch::Library& library);

}  // namespace gems::aten
