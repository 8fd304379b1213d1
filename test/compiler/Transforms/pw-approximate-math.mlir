// RUN: gems-opt %s --pw-approximate-math --cse | FileCheck %s

// A function whose result is rounded to two bytes, directly or behind arithmetic.
// CHECK-LABEL: pw.kernel @rounded
// CHECK: %[[E:.*]] = pw.approximate exp %{{.*}} : f32
// CHECK: %[[S:.*]] = pw.approximate sqrt %{{.*}} : f32
// CHECK: %[[Q:.*]] = pw.approximate div %[[E]], %[[S]] : f32
// CHECK: arith.truncf %[[Q]] : f32 to bf16
pw.kernel @rounded of "f" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", bf16 to bf16>]
    resolved {
^bb0(%x: f32):
  %0 = math.exp %x : f32
  %1 = math.sqrt %x : f32
  %2 = arith.divf %0, %1 : f32
  %3 = arith.truncf %2 : f32 to bf16
  pw.yield %3 : bf16
}

// Not: an f32 result beside the rounded one, a comparison, a conversion to an integer, the operand of a function.
// CHECK-LABEL: pw.kernel @not_rounded
// CHECK: math.exp %
// CHECK: math.tanh %
// CHECK: math.erf %
// CHECK: math.log %
// CHECK: pw.approximate sin
pw.kernel @not_rounded of "f" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out0", f32 to f32>, #pw.result<"out1", f16 to f16>, #pw.result<"out2", bool to bool>,
             #pw.result<"out3", i32 to i32>, #pw.result<"out4", f16 to f16>] resolved {
^bb0(%x: f32):
  %0 = math.exp %x : f32
  %1 = arith.truncf %0 : f32 to f16
  %2 = math.tanh %x : f32
  %3 = arith.cmpf olt, %2, %x : f32
  %4 = math.erf %x : f32
  %5 = arith.fptosi %4 : f32 to i32
  %6 = math.log %x : f32
  %7 = math.sin %6 : f32
  %8 = arith.truncf %7 : f32 to f16
  pw.yield %0, %1, %3, %5, %8 : f32, f16, i1, i32, f16
}

// f64 is left alone, also on its way to f16.
// CHECK-LABEL: pw.kernel @wide
// CHECK: math.exp %{{.*}} : f64
pw.kernel @wide of "f" operands [#pw.operand<"x", f64 as f64, tensor>] results [#pw.result<"out", f16 to f16>] resolved {
^bb0(%x: f64):
  %0 = math.exp %x : f64
  %1 = arith.truncf %0 : f64 to f32
  %2 = arith.truncf %1 : f32 to f16
  pw.yield %2 : f16
}

// x / (1 + exp(-x)) is a product with the logistic function; 1 / (1 + exp(-x)) is that function.
// CHECK-LABEL: pw.kernel @logistic
// CHECK: %[[L:.*]] = pw.approximate logistic %x : f32
// CHECK: %[[P:.*]] = arith.mulf %x, %[[L]] : f32
// CHECK: arith.truncf %[[P]]
// CHECK: arith.truncf %[[L]]
// CHECK-NOT: math.exp
pw.kernel @logistic of "f" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out0", bf16 to bf16>, #pw.result<"out1", bf16 to bf16>] resolved {
^bb0(%x: f32):
  %one = arith.constant 1.0 : f32
  %0 = arith.negf %x : f32
  %1 = math.exp %0 : f32
  %2 = arith.addf %one, %1 : f32
  %3 = arith.divf %x, %2 : f32
  %4 = arith.divf %one, %2 : f32
  %5 = arith.truncf %3 : f32 to bf16
  %6 = arith.truncf %4 : f32 to bf16
  pw.yield %5, %6 : bf16, bf16
}

// Sums that would cancel are formulas of their own.
// CHECK-LABEL: pw.kernel @cancelling
// CHECK: pw.approximate one_plus_erf %x : f32
// CHECK: %[[M:.*]] = arith.negf %x : f32
// CHECK: pw.approximate one_plus_erf %[[M]] : f32
// CHECK: pw.approximate one_plus_tanh %x : f32
// CHECK: pw.approximate one_minus_tanh_squared %x : f32
// CHECK-NOT: math.
pw.kernel @cancelling of "f" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out0", f16 to f16>, #pw.result<"out1", f16 to f16>, #pw.result<"out2", f16 to f16>,
             #pw.result<"out3", f16 to f16>] resolved {
^bb0(%x: f32):
  %one = arith.constant 1.0 : f32
  %e = math.erf %x : f32
  %0 = arith.addf %one, %e : f32
  %1 = arith.subf %one, %e : f32
  %t = math.tanh %x : f32
  %2 = arith.addf %t, %one : f32
  %m = arith.negf %t : f32
  %3 = math.fma %m, %t, %one : f32
  %4 = arith.truncf %0 : f32 to f16
  %5 = arith.truncf %1 : f32 to f16
  %6 = arith.truncf %2 : f32 to f16
  %7 = arith.truncf %3 : f32 to f16
  pw.yield %4, %5, %6, %7 : f16, f16, f16, f16
}

// Where an f16 is a sum of 1 + erf and more than constants, erf stays exact; a bf16 rounds by so much more.
// CHECK-LABEL: pw.kernel @summed
// CHECK: math.erf %x : f32
// CHECK: pw.approximate exp %x : f32
// CHECK: pw.approximate one_plus_erf %y : f32
pw.kernel @summed of "f" operands [#pw.operand<"x", f32 as f32, tensor>, #pw.operand<"y", f32 as f32, tensor>]
    results [#pw.result<"out0", f16 to f16>, #pw.result<"out1", bf16 to bf16>] resolved {
^bb0(%x: f32, %y: f32):
  %one = arith.constant 1.0 : f32
  %0 = math.erf %x : f32
  %1 = arith.addf %one, %0 : f32
  %2 = math.exp %x : f32
  %3 = math.fma %x, %2, %1 : f32
  %4 = arith.truncf %3 : f32 to f16
  %5 = math.erf %y : f32
  %6 = arith.addf %5, %one : f32
  %7 = arith.subf %6, %y : f32
  %8 = arith.truncf %7 : f32 to bf16
  pw.yield %4, %8 : f16, bf16
}

// The normal distribution's product is one formula for each dtype, in any order of the factors.
// CHECK-LABEL: pw.kernel @gelu
// CHECK: pw.approximate gelu_f16 %x : f32
// CHECK: pw.approximate gelu_bf16 %y : f32
// CHECK-NOT: math.
pw.kernel @gelu of "f" operands [#pw.operand<"x", f32 as f32, tensor>, #pw.operand<"y", f32 as f32, tensor>]
    results [#pw.result<"out0", f16 to f16>, #pw.result<"out1", bf16 to bf16>] resolved {
^bb0(%x: f32, %y: f32):
  %half = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
  %c = arith.constant 0.707106769 : f32
  %0 = arith.mulf %x, %half : f32
  %1 = arith.mulf %x, %c : f32
  %2 = math.erf %1 : f32
  %3 = arith.addf %one, %2 : f32
  %4 = arith.mulf %0, %3 : f32
  %5 = arith.truncf %4 : f32 to f16
  %6 = arith.mulf %y, %c : f32
  %7 = math.erf %6 : f32
  %8 = arith.addf %7, %one : f32
  %9 = arith.mulf %half, %8 : f32
  %10 = arith.mulf %y, %9 : f32
  %11 = arith.truncf %10 : f32 to bf16
  pw.yield %5, %11 : f16, bf16
}

// What is divided by a sum of exponentials is multiplied by its reciprocal, which is found once for a row.
// CHECK-LABEL: pw.kernel @softmax
// CHECK: %[[PARTS:.*]]:2 = pw.reduce exp_sum %x approximate
// CHECK: %[[RECIPROCAL:.*]] = arith.divf %{{.*}}, %[[PARTS]]#1 : f32
// CHECK: %[[E:.*]] = pw.approximate exp
// CHECK: arith.mulf %[[E]], %[[RECIPROCAL]] : f32
pw.kernel @softmax of "softmax" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", bf16 to bf16>] rowwise resolved {
^bb0(%x: f32):
  %0:2 = pw.reduce exp_sum %x : f32 -> f32, f32
  %1 = arith.subf %x, %0#0 : f32
  %2 = math.exp %1 : f32
  %3 = arith.divf %2, %0#1 : f32
  %4 = arith.truncf %3 : f32 to bf16
  pw.yield %4 : bf16
}
