// RUN: gems-opt %s | gems-opt | FileCheck %s

// Everything that a kernel can carry is printed and read back.

// CHECK: pw.kernel @scale of "scale"
// CHECK-SAME: #pw.operand<"x", f16 as f32, tensor>
// CHECK-SAME: #pw.operand<"alpha", f32 as f32, number>
// CHECK-SAME: results [#pw.result<"out", f32 to f16>]
// CHECK-SAME: resolved layout <tile, single = [0]> cpu_layout <(strided) -> (contiguous)>
// CHECK-SAME: schedule <tile, width = 8, unroll = 2, threads = 256, blocks = 1, lanes = 8, pack = 2, whole_path = 1, edge_vectors = 4>
// CHECK: ^bb0(%x: f16, %alpha: f32):
pw.kernel @scale of "scale"
    operands [#pw.operand<"x", f16 as f32, tensor>,
              #pw.operand<"alpha", f32 as f32, number>]
    results [#pw.result<"out", f32 to f16>]
    resolved layout <tile, single = [0]> cpu_layout <(strided) -> (contiguous)>
    schedule <tile, width = 8, unroll = 2, threads = 256, blocks = 1, lanes = 8, pack = 2, whole_path = 1, edge_vectors = 4> {
^bb0(%a: f16, %b: f32):
  %0 = arith.extf %a : f16 to f32
  %1 = arith.mulf %0, %b : f32
  %2 = arith.truncf %1 : f32 to f16
  pw.yield %2 : f16
}

// CHECK: pw.complex_unary asin %x : complex<f64>
pw.kernel @asin of "asin" operands [#pw.operand<"x", c128 as c128, tensor>]
    results [#pw.result<"out", c128 to c128>] {
^bb0(%x: complex<f64>):
  %0 = pw.complex_unary asin %x : complex<f64>
  pw.yield %0 : complex<f64>
}
