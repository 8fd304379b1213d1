// RUN: gems-opt %s --pw-expand-math | FileCheck %s
// RUN: gems-opt %s --pw-expand-math=vector-bytes=32 | FileCheck %s --check-prefix=NARROW

// f32 by formulas; the last step of exp is an instruction where there is one.
// CHECK-LABEL: llvm.func @single(
// CHECK-NOT: math.exp
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"
// CHECK: arith.extf %{{.*}} : vector<16xf32> to vector<16xf64>
// CHECK-COUNT-10: math.fma {{.*}} : vector<16xf64>
// CHECK: arith.truncf %{{.*}} : vector<16xf64> to vector<16xf32>
// CHECK-NOT: math.log
// NARROW-LABEL: llvm.func @single(
// NARROW-NOT: llvm.call_intrinsic
llvm.func @single(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp %x : vector<16xf32>
  %1 = math.log %0 : vector<16xf32>
  llvm.return %1 : vector<16xf32>
}

// f64 by the C library, lane by lane; twice the same function is one private function.
// CHECK-LABEL: llvm.func @double(
// CHECK: llvm.call @lanes.exp.f64x8
// CHECK: llvm.call @lanes.exp.f64x8
llvm.func @double(%x: vector<8xf64>) -> vector<8xf64> {
  %0 = math.exp %x : vector<8xf64>
  %1 = math.exp %0 : vector<8xf64>
  llvm.return %1 : vector<8xf64>
}

// Large arguments of sin go to the C library in a block of their own, which is rarely entered.
// CHECK-LABEL: llvm.func @branch(
// CHECK: llvm.cond_br %{{.*}} weights([1, 1000]), ^[[RARE:.*]], ^[[AFTER:.*]](%{{.*}} : vector<16xf32>)
// CHECK: ^[[RARE]]:
// CHECK: llvm.call @lanes.sin.f64x16
// CHECK: ^[[AFTER]](%[[RESULT:.*]]: vector<16xf32>):
// CHECK: llvm.return %[[RESULT]]
llvm.func @branch(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.sin %x : vector<16xf32>
  llvm.return %0 : vector<16xf32>
}

// gelu of bf16 looks its tail up where a register holds 16 entries.
// CHECK-LABEL: llvm.func @gelu(
// CHECK-COUNT-3: llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"
// CHECK-NOT: llvm.x86.avx512.permvar
// NARROW-LABEL: llvm.func @gelu(
// NARROW-NOT: llvm.call_intrinsic
llvm.func @gelu(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = pw.approximate gelu_bf16 %x : vector<16xf32>
  llvm.return %0 : vector<16xf32>
}

// A product with a reciprocal is a division; a reciprocal that is used twice stays one.
// CHECK-LABEL: llvm.func @quotient(
// CHECK-NEXT: %[[QUOTIENT:.*]] = arith.divf %{{.*}}, %{{.*}}
// CHECK-NEXT: llvm.return %[[QUOTIENT]]
llvm.func @quotient(%x: vector<16xf32>, %y: vector<16xf32>) -> vector<16xf32> {
  %0 = pw.approximate rcp %y : vector<16xf32>
  %1 = arith.mulf %x, %0 : vector<16xf32>
  llvm.return %1 : vector<16xf32>
}

// CHECK-LABEL: llvm.func @squared(
// CHECK: %[[RECIPROCAL:.*]] = arith.divf
// CHECK: arith.mulf %[[RECIPROCAL]], %[[RECIPROCAL]]
llvm.func @squared(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = pw.approximate rcp %x : vector<16xf32>
  %1 = arith.mulf %0, %0 : vector<16xf32>
  llvm.return %1 : vector<16xf32>
}

// Conversions to integers compare first.
// CHECK-LABEL: llvm.func @convert(
// CHECK: arith.cmpf oge
// CHECK: arith.cmpf olt
// CHECK: arith.fptosi
// CHECK: arith.select
llvm.func @convert(%x: vector<16xf32>) -> vector<16xi32> {
  %0 = arith.fptosi %x : vector<16xf32> to vector<16xi32>
  llvm.return %0 : vector<16xi32>
}

// CHECK: llvm.func @exp(f64) -> f64
// CHECK: llvm.func internal @lanes.exp.f64x8
// CHECK: llvm.func internal @lanes.sin.f64x16
