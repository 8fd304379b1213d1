// RUN: gems-opt %s --pw-verify-final-form | FileCheck %s

// What each stage before leaves: narrow floats at the edges, parts of complex numbers, guarded conversions.
// CHECK: pw.kernel @final
pw.kernel @final of "final" operands [#pw.operand<"x", f16 as f32, tensor>, #pw.operand<"z", c64 as c64, tensor>]
    results [#pw.result<"out", f32 to f16>, #pw.result<"i", i8 to i8>, #pw.result<"w", c64 to c64>] resolved {
^bb0(%x: f16, %z: complex<f32>):
  %0 = arith.extf %x : f16 to f32
  %1 = pw.approximate exp %0 : f32
  %re = complex.re %z : complex<f32>
  %2 = arith.addf %1, %re : f32
  %3 = arith.truncf %2 : f32 to f16
  %4 = arith.fptosi %2 : f32 to i32
  %5 = arith.trunci %4 : i32 to i8
  %6 = complex.create %2, %re : complex<f32>
  pw.yield %3, %5, %6 : f16, i8, complex<f32>
}
