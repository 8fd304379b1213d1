// The rules that rows of the override table name: where ATen's overloads depart from TensorIterator and promotion.
#pragma once

#include "gems/aten/serve.h"

namespace gems::aten::rules {

inline constexpr CallRules plain{};
inline constexpr CallRules into_result{.expands_to_result = true};
// alpha, min, value, ...: a number that must fit the dtype it is used in.
inline constexpr CallRules checked{.checks_numbers = true};
inline constexpr CallRules with_alpha = checked;
// threshold_backward(grad, self, threshold) gives self to TensorIterator before grad.
inline constexpr CallRules self_before_grad{.checks_numbers = true, .layout_leader = 1};
inline constexpr CallRules division{.divides = true};
inline constexpr CallRules number_power{.powers_integers = true, .checks_numbers = true};
// pow.Scalar allocates its result before it looks at the exponent's strides.
inline constexpr CallRules power_of_number{.contiguous_result = true};
inline constexpr CallRules modulus{.like_complex_self = true};
inline constexpr CallRules infinity{.like_integral_self = true, .reads_complex_parts = true};
// eq.Scalar and its kin wrap the number into a tensor and go through the binary path.
inline constexpr CallRules wraps_number{.numbers_shape_layout = true};
// masked_fill clones self as contiguous, then fills in place.
inline constexpr CallRules filled{.contiguous_result = true, .checks_numbers = true};

}  // namespace gems::aten::rules
