// Size by size. See broadcast.h.
#include "first_call/broadcast.h"

namespace gems::aten {

bool broadcast(at::DimVector& shape, at::IntArrayRef sizes) {
  if (shape.empty()) {
    shape.assign(sizes.begin(), sizes.end());
    return true;
  }
  if (sizes.size() > shape.size()) shape.insert(shape.begin(), sizes.size() - shape.size(), 1);
  const std::size_t offset = shape.size() - sizes.size();
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    std::int64_t& size = shape[offset + d];
    if (size == 1)
      size = sizes[d];
    else if (sizes[d] != 1 && sizes[d] != size)
      return false;
  }
  return true;
}

}  // namespace gems::aten
