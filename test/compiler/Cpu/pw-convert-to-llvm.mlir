// RUN: gems-opt %s --pw-convert-to-llvm | FileCheck %s

// CHECK-LABEL: llvm.func @body(
// CHECK: llvm.intr.fma
// CHECK: llvm.intr.roundeven
// CHECK: llvm.fadd
// CHECK-NOT: arith.
// CHECK-NOT: math.
llvm.func @body(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.fma %x, %x, %x : vector<16xf32>
  %1 = math.roundeven %0 : vector<16xf32>
  %2 = arith.addf %1, %x : vector<16xf32>
  llvm.return %2 : vector<16xf32>
}
