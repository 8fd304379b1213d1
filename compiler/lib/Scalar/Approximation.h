// The formulas behind pw.approximate, each with its bound: one list, which the pass, both back ends and the tests read.
#pragma once

#include <limits>
#include <string_view>

#include "Pw/Pw.h"
#include "Scalar/Real.h"

namespace gems::pw {

// Bounds are relative errors in f32, for every input; f16 keeps 2^-12, bf16 2^-9 when it rounds. NaN, infinities,
// zeros with their signs, and results that are denormal are as in the exact function.
struct Formula {
  Approximation function;
  // One line, for the reader of emitted code: what is computed, and the bound.
  std::string_view text;
  // On f32 or vectors of f32. Null: an instruction of the processor, or what a back end has in its place.
  Real (*build)(Real x) = nullptr;
  // Where |x| is larger, the formula has lost its digits; the C library's function takes over, in a rare branch.
  double limit = std::numeric_limits<double>::infinity();
  std::string_view library = {};
};

const Formula& formulaOf(Approximation function);

// The value of a pw.approximate.
mlir::Value buildApproximation(mlir::ImplicitLocOpBuilder& builder, Approximation function, mlir::ValueRange operands);

}  // namespace gems::pw
