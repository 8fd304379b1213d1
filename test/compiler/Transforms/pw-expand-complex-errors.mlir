// RUN: gems-opt %s --pw-expand-complex --split-input-file --verify-diagnostics

pw.kernel @angle of "angle" operands [#pw.operand<"x", c64 as c64, tensor>] results [#pw.result<"out", f32 to f32>]
    resolved {
^bb0(%x: complex<f32>):
  // expected-error @+1 {{has no expansion into real arithmetic}}
  %0 = complex.angle %x : complex<f32>
  pw.yield %0 : f32
}

// -----

pw.kernel @prod of "prod" operands [#pw.operand<"x", c64 as c64, tensor>] results [#pw.result<"out", c64 to c64, row>] rowwise resolved {
^bb0(%x: complex<f32>):
  // expected-error @+1 {{is a prod of complex numbers, of which a row has only the sum; reduce real numbers}}
  %0 = pw.reduce prod %x : complex<f32> -> complex<f32>
  pw.yield %0 : complex<f32>
}
