// RUN: gems-opt %s --pw-verify-final-form --split-input-file --verify-diagnostics

// An operation without a text.
pw.kernel @unknown of "unknown" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32>] resolved {
^bb0(%x: f32):
  // expected-error @+1 {{is not part of the final form that the back ends know}}
  %0 = math.cbrt %x : f32
  pw.yield %0 : f32
}

// -----

// Arithmetic on a narrow float.
pw.kernel @narrow of "narrow" operands [#pw.operand<"x", f16 as f16, tensor>]
    results [#pw.result<"out", f16 to f16>] resolved {
^bb0(%x: f16):
  // expected-error @+1 {{is not part of the final form that the back ends know}}
  %0 = arith.addf %x, %x : f16
  pw.yield %0 : f16
}

// -----

// A narrow float from anything but f32.
pw.kernel @rounded_twice of "rounded_twice" operands [#pw.operand<"x", f64 as f64, tensor>]
    results [#pw.result<"out", f16 to f16>] resolved {
^bb0(%x: f64):
  // expected-error @+1 {{is not part of the final form that the back ends know}}
  %0 = arith.truncf %x : f64 to f16
  pw.yield %0 : f16
}

// -----

// A conversion to a short integer.
pw.kernel @short_integer of "short_integer" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", i8 to i8>] resolved {
^bb0(%x: f32):
  // expected-error @+1 {{is not part of the final form that the back ends know}}
  %0 = arith.fptosi %x : f32 to i8
  pw.yield %0 : i8
}

// -----

// Arithmetic on complex numbers.
pw.kernel @complex of "complex" operands [#pw.operand<"x", c64 as c64, tensor>]
    results [#pw.result<"out", c64 to c64>] resolved {
^bb0(%x: complex<f32>):
  // expected-error @+1 {{is not part of the final form that the back ends know}}
  %0 = complex.mul %x, %x : complex<f32>
  pw.yield %0 : complex<f32>
}

// -----

// Fast-math flags.
pw.kernel @fast of "fast" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32>] resolved {
^bb0(%x: f32):
  // expected-error @+1 {{is not part of the final form that the back ends know}}
  %0 = arith.addf %x, %x fastmath<contract> : f32
  pw.yield %0 : f32
}

// -----

// expected-error @+1 {{is not in the final form: its promotion is not resolved}}
pw.kernel @early of "early" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32>] {
^bb0(%x: f32):
  pw.yield %x : f32
}
