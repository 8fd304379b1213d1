// The rules that rows of the override table name: where ATen's overloads depart from TensorIterator and promotion.
#pragma once

#include "gems/aten/serve.h"

namespace gems::aten::rules {

inline constexpr CallRules none{};
inline constexpr CallRules expands_to_result{.expands_to_result = true};
// alpha, min, value, ...: a number that must fit the dtype it is used in.
inline constexpr CallRules numbers_fit{.numbers_must_fit = true};
// threshold_backward(grad, self, threshold) gives self to TensorIterator before grad.
inline constexpr CallRules self_leads_layout{.numbers_must_fit = true, .layout_leader = 1};
inline constexpr CallRules checks_divisor{.checks_zero_divisor = true};
inline constexpr CallRules checks_exponent{.rejects_negative_exponent = true, .numbers_must_fit = true};
// pow.Scalar allocates its result before it looks at the exponent's strides.
inline constexpr CallRules contiguous{.contiguous_result = true};
// abs.
inline constexpr CallRules preserves_format_if_complex{.preserves_format_if_complex = true};
// isinf, which reads a complex argument as two tensors.
inline constexpr CallRules preserves_format_if_integral{.preserves_format_if_integral = true,
                                                        .reads_complex_parts = true};
// eq.Scalar and its kin go through the binary path.
inline constexpr CallRules wraps_numbers{.wraps_numbers = true};
// masked_fill clones self as contiguous, then fills in place.
inline constexpr CallRules contiguous_numbers_fit{.contiguous_result = true, .numbers_must_fit = true};

}  // namespace gems::aten::rules
