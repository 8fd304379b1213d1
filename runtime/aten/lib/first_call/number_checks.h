// Which values of a call ATen would refuse (numbers, and zeros among integer divisors): decided once a kind of call,
// tested on each call.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "gems/dsl/promotion.h"
#include "geometry/call_geometry.h"

namespace gems::aten {

struct NumberChecks {
  // The dtypes that numbers must fit, in order of CallGeometry::numbers; empty: any number goes.
  std::vector<DType> limits;
  std::optional<DType> exact_dtype;  // must have the very numbers: ATen rounds them to a float8 before it computes
  int exponent = -1;                 // index among the numbers of one that must not be negative
  int divisor = -1;                  // index among the numbers of one that must not be zero
  bool searches_divisor = false;     // the second argument is a tensor that must hold no zero
  std::size_t divisor_bytes = 0;     // of the dtype in which the divisor must not be zero

  // Nothing is tested.
  bool is_empty() const { return limits.empty() && !exact_dtype && exponent < 0 && divisor < 0 && !searches_divisor; }
};

NumberChecks number_checks(const Request& request, const CallGeometry& geometry, const ResolvedTypes& types);

std::optional<DeclineReason> check_numbers(const Request& request, const CallGeometry& geometry,
                                           const NumberChecks& checks);

}  // namespace gems::aten
