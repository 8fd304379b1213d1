// Pass pw-load-constants: vector constants that one operation reads become loads of a global.
//
//   %c = arith.constant dense<0.5> : vector<8xf32>         %a = llvm.mlir.addressof @constant.0 : !llvm.ptr
//   %r = math.fma %p, %x, %c : vector<8xf32>          ->   %c = llvm.load %a : !llvm.ptr -> vector<8xf32>
//                                                          %r = math.fma %p, %x, %c : vector<8xf32>
//
// The code generator keeps every constant of a loop in a register, also where there are 16 registers and 20 constants,
// and then moves them around in each iteration. A load is part of the instruction that uses it.
#pragma once

#include <memory>

#include "mlir/Pass/Pass.h"

namespace gems::cpu {

std::unique_ptr<mlir::Pass> createLoadConstantsPass();

}  // namespace gems::cpu
