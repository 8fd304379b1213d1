// How ATen's arguments become an op's operands where that is more than one after the other. Named by rows of the
// override table.
#pragma once

#include "overrides/override.h"

namespace gems::aten {

// abs of float8 is an op of its own.
std::optional<DeclineReason> choose_by_float_width(const Override& override, OverrideCall& call);

// div.Tensor_mode: the rounding mode chooses div, div_trunc or div_floor.
std::optional<DeclineReason> choose_by_rounding_mode(const Override& override, OverrideCall& call);

// pow: powers of complex halves on CUDA are left to ATen.
std::optional<DeclineReason> decline_complex_half(const Override& override, OverrideCall& call);

// pow with a number: for some exponents ATen multiplies, copies, or takes sqrt, rsqrt or reciprocal, which differ from
// pow in the last digit and at zeros and infinities.
std::optional<DeclineReason> choose_by_exponent(const Override& override, OverrideCall& call);

// clamp: with one bound, clamp_min or clamp_max; one that is the number NaN bounds nothing here, other than in ATen's
// clamp_min and clamp_max.
std::optional<DeclineReason> choose_by_bounds(const Override& override, OverrideCall& call);

// where, masked_fill: ATen warns about masks that are not bool; left to it.
std::optional<DeclineReason> require_bool_condition(const Override& override, OverrideCall& call);
std::optional<DeclineReason> require_bool_mask(const Override& override, OverrideCall& call);
// masked_fill with the value in a 0-dim tensor.
std::optional<DeclineReason> read_fill_value(const Override& override, OverrideCall& call);

// copy_(self, src, non_blocking): conversions within one device.
std::optional<DeclineReason> convert_source(const Override& override, OverrideCall& call);

}  // namespace gems::aten
