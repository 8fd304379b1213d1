// RUN: gems-opt %s --pw-legalize-narrow-floats | FileCheck %s

// Each operation computes in f32 and rounds; values that are only moved stay narrow.

// CHECK-LABEL: pw.kernel @sum
// CHECK: %[[X:.*]] = arith.extf %x : f16 to f32
// CHECK: %[[Y:.*]] = arith.extf %y : f16 to f32
// CHECK: %[[S:.*]] = arith.addf %[[X]], %[[Y]] : f32
// CHECK: %[[R:.*]] = arith.truncf %[[S]] : f32 to f16
// CHECK: %[[W:.*]] = arith.extf %[[R]] : f16 to f32
// CHECK: math.sqrt %[[W]] : f32
pw.kernel @sum of "sum" operands [#pw.operand<"x", f16 as f16, tensor>, #pw.operand<"y", f16 as f16, tensor>]
    results [#pw.result<"out", f16 to f16>] resolved {
^bb0(%x: f16, %y: f16):
  %0 = arith.addf %x, %y : f16
  %1 = math.sqrt %0 : f16
  pw.yield %1 : f16
}

// CHECK-LABEL: pw.kernel @moved
// CHECK-NOT: arith.extf
// CHECK: arith.select %c, %x, %{{.*}} : bf16
// CHECK: arith.bitcast
pw.kernel @moved of "where" operands [#pw.operand<"c", bool as bool, tensor>, #pw.operand<"x", bf16 as bf16, tensor>]
    results [#pw.result<"out0", bf16 to bf16>, #pw.result<"out1", i16 to i16>] resolved {
^bb0(%c: i1, %x: bf16):
  %zero = arith.constant 0.0 : bf16
  %0 = arith.select %c, %x, %zero : bf16
  %1 = arith.bitcast %0 : bf16 to i16
  pw.yield %0, %1 : bf16, i16
}

// CHECK-LABEL: pw.kernel @compared
// CHECK: arith.cmpf olt, %{{.*}}, %{{.*}} : f32
// CHECK: arith.sitofp %n : i32 to f32
// CHECK: arith.truncf
pw.kernel @compared of "f" operands [#pw.operand<"x", f16 as f16, tensor>, #pw.operand<"n", i32 as i32, tensor>]
    results [#pw.result<"out0", bool to bool>, #pw.result<"out1", f16 to f16>] resolved {
^bb0(%x: f16, %n: i32):
  %zero = arith.constant 0.0 : f16
  %0 = arith.cmpf olt, %x, %zero : f16
  %1 = arith.sitofp %n : i32 to f16
  pw.yield %0, %1 : i1, f16
}

// From a narrow float to a narrower one: by way of f32.
// CHECK-LABEL: pw.kernel @narrowed
// CHECK: %[[WIDE:.*]] = arith.extf %x : f16 to f32
// CHECK: arith.truncf %[[WIDE]] : f32 to f8E4M3FN
pw.kernel @narrowed of "copy" operands [#pw.operand<"x", f16 as f16, tensor>]
    results [#pw.result<"out", f8e4m3fn to f8e4m3fn>] resolved {
^bb0(%x: f16):
  %0 = arith.truncf %x : f16 to f8E4M3FN
  pw.yield %0 : f8E4M3FN
}
