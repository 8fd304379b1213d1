// evaluate(): what is common to all dtypes, then by category.
#include "evaluate.h"

#include "evaluate_category.h"

namespace gems {

Element evaluate(ScalarOp op, DType result, std::span<const Element> args) {
  if (op == ScalarOp::Cast) return cast_element(args[0], result);
  if (op == ScalarOp::BitCast) return bit_cast_element(args[0], result);
  if (op == ScalarOp::Select) return args[0].integer != 0 ? args[1] : args[2];
  switch (category(args[0].dtype)) {
    case Category::Bool:
    case Category::Integer:
      return evaluate_integer(op, result, args);
    case Category::Float:
      return evaluate_float(op, result, args);
    case Category::Complex:
      return evaluate_complex(op, result, args);
  }
  return {};
}

}  // namespace gems
