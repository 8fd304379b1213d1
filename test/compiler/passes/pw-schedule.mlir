// RUN: gems-opt %s --pw-schedule | FileCheck %s
// RUN: gems-opt %s --pw-schedule=arch=100 | FileCheck %s --check-prefix=BLACKWELL
// RUN: gems-opt %s --pw-schedule=memory-gbps=4900 | FileCheck %s --check-prefix=FAST

// CHECK-LABEL: pw.kernel @unary
// CHECK-SAME: schedule <flat, width = 4, unroll = 1, threads = 256>
// BLACKWELL-LABEL: pw.kernel @unary
// BLACKWELL-SAME: schedule <flat, width = 4, unroll = 2, threads = 256>
pw.kernel @unary of "neg" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32>] resolved
    layout <flat> {
^bb0(%x: f32):
  %0 = arith.negf %x : f32
  pw.yield %0 : f32
}

// CHECK-LABEL: pw.kernel @heavy
// CHECK-SAME: schedule <flat, width = 8, unroll = 1, threads = 256>
// FAST-LABEL: pw.kernel @heavy
// FAST-SAME: schedule <flat, width = 8, unroll = 1, threads = 128>
pw.kernel @heavy of "exp" operands [#pw.operand<"x", f16 as f32, tensor>]
    results [#pw.result<"out", f32 to f16>] resolved
    layout <flat> {
^bb0(%x: f16):
  %0 = arith.extf %x : f16 to f32
  %1 = math.exp %0 : f32
  %2 = arith.truncf %1 : f32 to f16
  pw.yield %2 : f16
}

// CHECK-LABEL: pw.kernel @polynomial
// CHECK-SAME: schedule <flat, width = 8, unroll = 1, threads = 256>
// FAST-LABEL: pw.kernel @polynomial
// FAST-SAME: schedule <flat, width = 8, unroll = 2, threads = 128>
pw.kernel @polynomial of "log" operands [#pw.operand<"x", f16 as f32, tensor>]
    results [#pw.result<"out", f32 to f16>] resolved
    layout <flat> {
^bb0(%x: f16):
  %0 = arith.extf %x : f16 to f32
  %1 = math.log %0 : f32
  %2 = arith.truncf %1 : f32 to f16
  pw.yield %2 : f16
}

// CHECK-LABEL: pw.kernel @rows
// CHECK-SAME: schedule <rows, width = 4,
pw.kernel @rows of "copy" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32>] resolved
    layout <rows> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// CHECK-LABEL: pw.kernel @outer
// CHECK-SAME: schedule <rows, width = 4, unroll = 4,
pw.kernel @outer of "copy" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32>] resolved
    layout <rows_outer> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// CHECK-LABEL: pw.kernel @transposed
// CHECK-SAME: schedule <tile, {{.*}} lanes =
pw.kernel @transposed of "copy" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32>] resolved
    layout <tile> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// CHECK-LABEL: pw.kernel @strided
// CHECK-SAME: schedule <generic, unroll = 4,
pw.kernel @strided of "copy" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32>] resolved
    layout <generic> {
^bb0(%x: f32):
  pw.yield %x : f32
}
