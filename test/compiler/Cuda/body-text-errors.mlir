// RUN: gems-opt %s --emit-cuda --split-input-file --verify-diagnostics

// expected-error @+1 {{has no schedule: run pw-schedule-kernel first}}
pw.kernel @unscheduled of "copy" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>] {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{the CUDA emitter has no text for math.cbrt: it is not part of the final form}}
pw.kernel @unknown of "cbrt" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32>] resolved
    layout <flat>
    schedule <flat, width = 4, unroll = 1, threads = 256> {
^bb0(%x: f32):
  %0 = math.cbrt %x : f32
  pw.yield %0 : f32
}
