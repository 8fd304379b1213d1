// torch.ops.gems.silu_and_mul and gelu_and_mul of one tensor that holds gates and values.
#pragma once

namespace torch {
class Library;
}

namespace gems::aten {

// The overloads NAME.packed(x, gate_last=False) and NAME.packed_out: x is [..., 2 N], gates in front of values, or
// behind them with gate_last. The result is [..., N]. The kernels of the ops on two tensors read the halves where they
// are. The gradient is one tensor like x, both halves of which one kernel writes.
void register_packed_gates(torch::Library& library);

}  // namespace gems::aten
