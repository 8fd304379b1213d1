// RUN: gems-opt %s --split-input-file --pw-divide-by-exp-sum | FileCheck %s
// CHECK-LABEL: pw.kernel @terms
// CHECK: %[[PARTS:.*]]:2 = pw.reduce exp_sum %x
// CHECK: %[[RECIPROCAL:.*]] = arith.divf %{{.*}}, %[[PARTS]]#1 : f32
// CHECK: %[[E:.*]] = math.exp
// CHECK: %[[Q:.*]] = arith.mulf %[[E]], %[[RECIPROCAL]] : f32
// CHECK: %[[MINUS:.*]] = arith.negf %[[Q]] : f32
// CHECK: %[[REST:.*]] = math.fma %[[MINUS]], %[[PARTS]]#1, %[[E]] : f32
// CHECK: math.fma %[[REST]], %[[RECIPROCAL]], %[[Q]] : f32
pw.kernel @terms of "softmax" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32>] rowwise resolved {
^bb0(%x: f32):
  %0:2 = pw.reduce exp_sum %x : f32 -> f32, f32
  %1 = arith.subf %x, %0#0 : f32
  %2 = math.exp %1 : f32
  %3 = arith.divf %2, %0#1 : f32
  pw.yield %3 : f32
}

// -----

// What is no term of the sum may be infinite.
// CHECK-LABEL: pw.kernel @others
// CHECK: arith.divf %x, %{{.*}}#1 : f32
// CHECK-NOT: math.fma
pw.kernel @others of "others" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32>] rowwise resolved {
^bb0(%x: f32):
  %0:2 = pw.reduce exp_sum %x : f32 -> f32, f32
  %1 = arith.divf %x, %0#1 : f32
  pw.yield %1 : f32
}
