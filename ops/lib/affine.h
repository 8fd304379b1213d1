// Weight and bias of a norm, both of which may be left out.
#pragma once

#include "gems/dsl.h"

namespace gems::ops {

inline dsl::Expr affine(dsl::Expr x, const dsl::Optional<dsl::Column>& weight, const dsl::Optional<dsl::Column>& bias) {
  if (weight && bias) return dsl::fma(x, *weight, *bias);
  if (weight) return x * *weight;
  return bias ? x + *bias : x;
}

}  // namespace gems::ops
