// Pass pw-lower-to-cpu: a pw.kernel in its final form with a CPU layout becomes an llvm.func of type CpuKernel.
//
//   pw.kernel @add_f32 ... cpu_layout <...>          llvm.func @add_f32(%data, %strides, %numbers, %count) {
//   ^bb0(%x: f32, %y: f32):                            ... load addresses, numbers, broadcast operands
//     %sum = arith.addf %x, %y : f32             ->    ^loop(%i): W elements an iteration
//     pw.yield %sum : f32                                %sum = arith.addf %a, %b : vector<16xf32>
//                                                      ^tail: copy what is left to buffers, run the loop once on them
//
// The loop exists once. What is left after the last full vector is copied to buffers on the stack, which the loop then
// processes as one more vector: a tail costs no second body to compile, and an element's result never depends on where
// in the tensor it is.
#pragma once

#include <memory>

#include "VectorUnit.h"
#include "mlir/Pass/Pass.h"

namespace gems::cpu {

std::unique_ptr<mlir::Pass> createLowerToCpuPass(VectorUnit unit);

}  // namespace gems::cpu
