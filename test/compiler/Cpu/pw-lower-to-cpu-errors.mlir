// RUN: gems-opt %s --pw-lower-to-cpu --verify-diagnostics

// expected-error @+1 {{must be resolved and have a CPU layout to become a CPU kernel}}
pw.kernel @copy of "copy" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>]
    resolved {
^bb0(%x: f32):
  pw.yield %x : f32
}
