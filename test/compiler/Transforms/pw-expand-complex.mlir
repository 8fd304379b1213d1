// RUN: gems-opt %s --pass-pipeline='builtin.module(pw.kernel(pw-expand-complex,pw-fold,cse))' | FileCheck %s

// Afterwards only parts of operands and numbers made for pw.yield are complex.
// CHECK-NOT: complex.{{mul|abs|exp|eq}}

// CHECK-LABEL: pw.kernel @mul
// CHECK-DAG: %[[A:.*]] = complex.re %x
// CHECK-DAG: %[[B:.*]] = complex.im %x
// CHECK-DAG: %[[C:.*]] = complex.re %y
// CHECK-DAG: %[[D:.*]] = complex.im %y
// CHECK-DAG: %[[AC:.*]] = arith.mulf %[[A]], %[[C]]
// CHECK-DAG: %[[BD:.*]] = arith.mulf %[[B]], %[[D]]
// CHECK-DAG: %[[RE:.*]] = arith.subf %[[AC]], %[[BD]]
// CHECK: %[[IM:.*]] = arith.addf
// CHECK: %[[Z:.*]] = complex.create %[[RE]], %[[IM]]
// CHECK: pw.yield %[[Z]]
pw.kernel @mul of "mul" operands [#pw.operand<"x", c64 as c64, tensor>, #pw.operand<"y", c64 as c64, tensor>]
    results [#pw.result<"out", c64 to c64>] resolved {
^bb0(%x: complex<f32>, %y: complex<f32>):
  %0 = complex.mul %x, %y : complex<f32>
  pw.yield %0 : complex<f32>
}

// CHECK-LABEL: pw.kernel @copy
// CHECK-NEXT: ^bb0(%x: complex<f64>):
// CHECK-NEXT: pw.yield %x : complex<f64>
pw.kernel @copy of "copy" operands [#pw.operand<"x", c128 as c128, tensor>] results [#pw.result<"out", c128 to c128>]
    resolved {
^bb0(%x: complex<f64>):
  %re = complex.re %x : complex<f64>
  %im = complex.im %x : complex<f64>
  %0 = complex.create %re, %im : complex<f64>
  pw.yield %0 : complex<f64>
}

// A sum of a difference is not folded: that would not be the same number.
// CHECK-LABEL: pw.kernel @no_reassociation
// CHECK-COUNT-2: arith.subf
// CHECK-COUNT-2: arith.addf
pw.kernel @no_reassociation of "f" operands [#pw.operand<"x", c64 as c64, tensor>, #pw.operand<"y", c64 as c64, tensor>]
    results [#pw.result<"out", c64 to c64>] resolved {
^bb0(%x: complex<f32>, %y: complex<f32>):
  %0 = complex.sub %x, %y : complex<f32>
  %1 = complex.add %0, %y : complex<f32>
  pw.yield %1 : complex<f32>
}

// The modulus is scaled by a power of two before it is squared.
// CHECK-LABEL: pw.kernel @abs
// CHECK: arith.maximumf
// CHECK: arith.select
// CHECK: math.sqrt
// CHECK: pw.yield %{{.*}} : f32
pw.kernel @abs of "abs" operands [#pw.operand<"x", c64 as c64, tensor>] results [#pw.result<"out", f32 to f32>]
    resolved {
^bb0(%x: complex<f32>):
  %0 = complex.abs %x : complex<f32>
  pw.yield %0 : f32
}

// Parts of f16 are computed in f32.
// CHECK-LABEL: pw.kernel @half
// CHECK: arith.extf {{.*}} : f16 to f32
// CHECK: arith.addf {{.*}} : f32
// CHECK: arith.truncf {{.*}} : f32 to f16
pw.kernel @half of "add" operands [#pw.operand<"x", c32 as c32, tensor>] results [#pw.result<"out", c32 to c32>]
    resolved {
^bb0(%x: complex<f16>):
  %0 = complex.add %x, %x : complex<f16>
  pw.yield %0 : complex<f16>
}

// CHECK-LABEL: pw.kernel @choose
// CHECK: arith.cmpf oeq
// CHECK: arith.andi
// CHECK-COUNT-2: arith.select
pw.kernel @choose of "choose" operands [#pw.operand<"x", c64 as c64, tensor>, #pw.operand<"y", c64 as c64, tensor>]
    results [#pw.result<"out", c64 to c64>] resolved {
^bb0(%x: complex<f32>, %y: complex<f32>):
  %c = complex.constant [1.0 : f32, 0.0 : f32] : complex<f32>
  %0 = complex.eq %x, %y : complex<f32>
  %1 = arith.select %0, %x, %c : complex<f32>
  pw.yield %1 : complex<f32>
}
