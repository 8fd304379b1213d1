// torch.ops.gems.linear_gate: a linear layer that gives gates and values, and the gate.
#pragma once

namespace torch {
class Library;
}

namespace gems::aten {

// linear_gate(input, weight, bias=None, act="silu", gate_last=False): act(gate) * value, where gate and value are the
// halves of input @ weight.t() + bias, gates in front of values, or behind them with gate_last. input: [..., K];
// weight: [2 N, K]; bias: [2 N]; the result is [..., N]. act: "silu", "gelu" or "gelu_tanh". The product is ATen's,
// the gate one pass (packed_gate.h), or all of it one launch (thin_linear.h). Throws c10::Error for other shapes and
// activations. linear_gate.pair(input, gate_weight, value_weight, gate_bias=None, value_bias=None, act="silu"): the
// same of two weights, [N, K] each.
void register_linear_gate(torch::Library& library);

}  // namespace gems::aten
