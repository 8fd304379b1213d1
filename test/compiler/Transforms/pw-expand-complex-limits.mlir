// RUN: gems-opt %s --pass-pipeline='builtin.module(pw.kernel(pw-expand-complex,pw-fold,cse))' | FileCheck %s --check-prefix=CPU
// RUN: gems-opt %s --pass-pipeline='builtin.module(pw.kernel(pw-expand-complex{cuda=true},pw-fold,cse))' | FileCheck %s --check-prefix=CUDA

// ATen's limits at infinities differ between its devices: on the CPU a power's exponent recovers infinities from a
// product of infinity and NaN, on CUDA one over an infinite root is 0. (The first arith.ori is hypot's.)

// CPU-LABEL: pw.kernel @pow
// CPU: math.copysign
// CPU: pw.yield
// CUDA-LABEL: pw.kernel @pow
// CUDA-NOT: math.copysign
// CUDA: pw.yield
pw.kernel @pow of "pow" operands [#pw.operand<"x", c128 as c128, tensor>, #pw.operand<"y", c128 as c128, tensor>]
    results [#pw.result<"out", c128 to c128>] resolved {
^bb0(%x: complex<f64>, %y: complex<f64>):
  %0 = complex.pow %x, %y : complex<f64>
  pw.yield %0 : complex<f64>
}

// CPU-LABEL: pw.kernel @rsqrt
// CPU: arith.ori
// CPU-NOT: arith.ori
// CPU: pw.yield
// CUDA-LABEL: pw.kernel @rsqrt
// CUDA: arith.ori
// CUDA: %[[INFINITE:.*]] = arith.ori
// CUDA: %[[RE:.*]] = arith.select %[[INFINITE]], %{{cst.*}}, %{{.*}} : f64
// CUDA: %[[IM:.*]] = arith.select %[[INFINITE]], %{{cst.*}}, %{{.*}} : f64
// CUDA: complex.create %[[RE]], %[[IM]]
pw.kernel @rsqrt of "rsqrt" operands [#pw.operand<"x", c128 as c128, tensor>]
    results [#pw.result<"out", c128 to c128>] resolved {
^bb0(%x: complex<f64>):
  %0 = complex.rsqrt %x : complex<f64>
  pw.yield %0 : complex<f64>
}
