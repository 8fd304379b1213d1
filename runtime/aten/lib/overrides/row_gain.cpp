// What is known of a call before it is looked up.
#include "overrides/row_gain.h"

namespace gems::aten {

bool is_across_on_cpu(const RowCall& call) {
  const at::Tensor& self = call.self();
  if (!self.is_cpu()) return false;
  for (std::int64_t d = 0; d < self.dim(); ++d)
    if (self.stride(d) == 1 && self.size(d) > 1) return (call.rows.reduced >> d & 1) == 0;
  return false;
}

}  // namespace gems::aten
