// RUN: gems-opt %s --pw-expand-complex --verify-diagnostics

pw.kernel @angle of "angle" operands [#pw.operand<"x", c64 as c64, tensor>] results [#pw.result<"out", f32 to f32>]
    resolved {
^bb0(%x: complex<f32>):
  // expected-error @+1 {{has no expansion into real arithmetic}}
  %0 = complex.angle %x : complex<f32>
  pw.yield %0 : f32
}
