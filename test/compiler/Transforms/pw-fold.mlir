// RUN: gems-opt %s --pw-fold | FileCheck %s

// Constants fold and dead operations go; float arithmetic that is not exact stays as it is written.

// CHECK-LABEL: pw.kernel @constants
// CHECK-NEXT: ^bb0(%x: f32):
// CHECK-NEXT: %[[C:.*]] = arith.constant 3.000000e+00 : f32
// CHECK-NEXT: %[[R:.*]] = arith.addf %x, %[[C]] : f32
// CHECK-NEXT: pw.yield %[[R]]
pw.kernel @constants of "f" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>] {
^bb0(%x: f32):
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %three = arith.addf %one, %two : f32
  %dead = math.exp %x : f32
  %0 = arith.addf %x, %three : f32
  pw.yield %0 : f32
}

// x + 0 is not x for x = -0, x * 0 is not 0 for NaN, and x - x is not 0 for infinities.
// CHECK-LABEL: pw.kernel @kept
// CHECK: arith.addf
// CHECK: arith.mulf
// CHECK: arith.subf
pw.kernel @kept of "f" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out0", f32 to f32>, #pw.result<"out1", f32 to f32>, #pw.result<"out2", f32 to f32>] {
^bb0(%x: f32):
  %zero = arith.constant 0.0 : f32
  %0 = arith.addf %x, %zero : f32
  %1 = arith.mulf %x, %zero : f32
  %2 = arith.subf %x, %x : f32
  pw.yield %0, %1, %2 : f32, f32, f32
}

// No canonicalization pattern: rounding an integer twice stays twice, and no extended multiplication appears.
// CHECK-LABEL: pw.kernel @no_patterns
// CHECK: arith.sitofp %x : i64 to f32
// CHECK: arith.truncf
// CHECK-NOT: mulsi_extended
pw.kernel @no_patterns of "f" operands [#pw.operand<"x", i64 as i64, tensor>, #pw.operand<"y", i32 as i32, tensor>]
    results [#pw.result<"out0", f16 to f16>, #pw.result<"out1", i32 to i32>] {
^bb0(%x: i64, %y: i32):
  %0 = arith.sitofp %x : i64 to f32
  %1 = arith.truncf %0 : f32 to f16
  %c = arith.constant 32 : i64
  %wide = arith.extsi %y : i32 to i64
  %square = arith.muli %wide, %wide : i64
  %high = arith.shrui %square, %c : i64
  %2 = arith.trunci %high : i64 to i32
  pw.yield %1, %2 : f16, i32
}
