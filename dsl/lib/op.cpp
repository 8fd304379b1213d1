// How messages name an operand.
#include "gems/dsl/op.h"

#include <fmt/format.h>

namespace gems {

std::string describe_operand(const OpDef& op, int position) {
  return fmt::format("operand {} '{}'", position, op.operands[static_cast<std::size_t>(position)].name);
}

}  // namespace gems
