// What to tell the caller of an op by its own name (torch.ops.gems, gems::call) when it cannot be computed. The
// overrides need no text: they hand the call to ATen.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gems/aten/serve.h"

namespace gems::aten {

// "out", or "out0", "out1", ... of several results: as the op's .out overload names them.
std::string result_name(const OpDef& op, std::size_t result);

// Names the op, the operand, what was given, and what to do about it.
std::string refusal_text(const Request& request, DeclineReason reason);

// The shapes of all tensor operands: "operand 0 'x' has shape [3, 4], operand 1 'y' has shape [5]".
std::string shapes_text(const Request& request);

// Of an operand of rows or columns that does not fit the elements; shapes as text, of numbers or of symbols.
std::string row_shape_text(const OpDef& op, std::size_t position, std::string_view given, std::string_view expected,
                           std::string_view elements);

}  // namespace gems::aten
