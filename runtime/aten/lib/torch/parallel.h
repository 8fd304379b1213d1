// Lets the CPU kernels run on PyTorch's own threads.
#pragma once

namespace gems::aten {

// Makes the runtime split its work as at::parallel_for does, with the threads of torch.set_num_threads. Leaves the
// runtime's own pool where PyTorch was built without OpenMP. Starts no thread.
void use_torch_threads();

}  // namespace gems::aten
