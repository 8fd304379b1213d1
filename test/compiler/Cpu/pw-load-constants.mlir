// RUN: gems-opt %s --pw-load-constants | FileCheck %s

// A constant that one operation reads becomes a load beside it; what is read twice, zeros and integers stay.
// CHECK-LABEL: llvm.func @body(
// CHECK-DAG: arith.constant dense<2.500000e-01> : vector<8xf32>
// CHECK-DAG: arith.constant dense<0.000000e+00> : vector<8xf32>
// CHECK-DAG: arith.constant dense<3> : vector<8xi32>
// CHECK-NOT: dense<5.000000e-01>
// CHECK: arith.mulf
// CHECK-NEXT: %[[ADDRESS:.*]] = llvm.mlir.addressof @constant.0 : !llvm.ptr
// CHECK-NEXT: %[[HALF:.*]] = llvm.load %[[ADDRESS]] {alignment = 32 : i64} : !llvm.ptr -> vector<8xf32>
// CHECK-NEXT: arith.addf %{{.*}}, %[[HALF]]
// CHECK: llvm.mlir.global internal @constant.0(dense<5.000000e-01> : vector<8xf32>) {{.*}}alignment = 32
// CHECK-NOT: llvm.mlir.global
llvm.func @body(%x: vector<8xf32>) -> vector<8xi32> {
  %half = arith.constant dense<5.0e-01> : vector<8xf32>
  %quarter = arith.constant dense<2.5e-01> : vector<8xf32>
  %again = arith.constant dense<2.5e-01> : vector<8xf32>
  %zero = arith.constant dense<0.0> : vector<8xf32>
  %three = arith.constant dense<3> : vector<8xi32>
  %0 = arith.mulf %x, %quarter : vector<8xf32>
  %1 = arith.addf %0, %half : vector<8xf32>
  %2 = arith.subf %1, %again : vector<8xf32>
  %3 = arith.subf %2, %zero : vector<8xf32>
  %4 = arith.bitcast %3 : vector<8xf32> to vector<8xi32>
  %5 = arith.shli %4, %three : vector<8xi32>
  llvm.return %5 : vector<8xi32>
}
