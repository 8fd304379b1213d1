// RUN: gems-opt %s --pw-schedule --verify-diagnostics

// expected-error @+1 {{cannot be scheduled: it needs a layout, and resolved promotion}}
pw.kernel @early of "copy" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>] {
^bb0(%x: f32):
  pw.yield %x : f32
}
