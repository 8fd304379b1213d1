// torch.ops.gems.linear_act: a linear layer with its activation and a residual.
#pragma once

namespace torch {
class Library;
}

namespace gems::aten {

// linear_act(input, weight, bias=None, act="none", residual=None): act(input @ weight.t() + bias) + residual. input:
// [..., K]; weight: [N, K]; bias: [N]; residual: [..., N]. act: "none", "relu", "gelu", "gelu_tanh" or "silu", or an
// operator of one tensor (named_activation.h). The product is ATen's; what follows is one pass, and so are the
// gradients of the product and of bias, which needs what the product gave and nothing else; or all of it is one launch
// (thin_linear.h). An operator is a pass of its own behind product and bias, with its own gradient. Throws c10::Error
// for other shapes and activations.
void register_linear_act(torch::Library& library);

}  // namespace gems::aten
