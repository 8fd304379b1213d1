// torch.ops.gems.rotary_embedding, which is made of two ops of the catalogue.
#pragma once

namespace torch {
class Library;
}

namespace gems::aten {

void register_rotary_embedding(torch::Library& library);

}  // namespace gems::aten
