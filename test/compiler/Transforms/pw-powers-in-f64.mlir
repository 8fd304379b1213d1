// RUN: gems-opt %s --pw-powers-in-f64 | FileCheck %s

// CHECK: pw.powf %{{.*}}, %{{.*}} : f32
// CHECK: math.powf %{{.*}}, %{{.*}} : f64
pw.kernel @powers of "powers" operands [#pw.operand<"x", f32 as f32, tensor>, #pw.operand<"y", f64 as f64, tensor>]
    results [#pw.result<"out0", f32 to f32>, #pw.result<"out1", f64 to f64>] resolved {
^bb0(%x: f32, %y: f64):
  %0 = math.powf %x, %x : f32
  %1 = math.powf %y, %y : f64
  pw.yield %0, %1 : f32, f64
}
