// RUN: not gems-opt %s --pw-schedule-kernel 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not gems-opt %s --pw-schedule-kernel='schedule="#pw.schedule<flat, width = 4, unroll = 2, threads = 128>"' 2>&1 | FileCheck %s

// NONE: pw-schedule-kernel needs schedule=#pw.schedule<...>; given ''
// CHECK: it is that of a flat kernel, which the layout 'rows' is not for
pw.kernel @copy of "copy" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>]
    resolved layout <rows> {
^bb0(%x: f32):
  pw.yield %x : f32
}
