// RUN: gems-opt %s --pw-schedule-kernel='schedule="#pw.schedule<flat, width = 4, unroll = 2, threads = 128>"' | FileCheck %s

// CHECK-LABEL: pw.kernel @copy
// CHECK-SAME: layout <flat> schedule <flat, width = 4, unroll = 2, threads = 128>
pw.kernel @copy of "copy" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>]
    resolved layout <flat> {
^bb0(%x: f32):
  pw.yield %x : f32
}
