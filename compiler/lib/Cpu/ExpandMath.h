// Pass pw-expand-math: math functions on vectors become arith ops, or calls of the C library lane by lane.
//
//   %e = math.exp %x : vector<16xf32>       ->  %w = arith.extf %x : vector<16xf32> to vector<16xf64>
//                                               ... a polynomial, math.fma ...
//                                               %e = arith.truncf ... : vector<16xf64> to vector<16xf32>
//   %s = math.sin %y : vector<8xf64>        ->  %s = llvm.call @lanes.sin.f64x8(%y)
//
// Functions that the processor has (sqrt, fma, floor, ...) stay. arith.fptosi and arith.fptoui become conversions that
// are defined for every input (see FloatToInteger.h).
#pragma once

#include <memory>

#include "VectorUnit.h"
#include "mlir/Pass/Pass.h"

namespace gems::cpu {

std::unique_ptr<mlir::Pass> createExpandMathPass(VectorUnit unit);

}  // namespace gems::cpu
