// RUN: gems-opt %s --pw-resolve-promotion | FileCheck %s

// Conversions follow the dtypes of the attributes: signedness, truth, parts of complex numbers.

// CHECK-LABEL: pw.kernel @narrow
// CHECK-SAME: resolved
// CHECK: ^bb0(%x: f16):
// CHECK: %[[X:.*]] = arith.extf %x : f16 to f32
// CHECK: %[[Y:.*]] = math.exp %[[X]] : f32
// CHECK: %[[Z:.*]] = arith.truncf %[[Y]] : f32 to f16
// CHECK: pw.yield %[[Z]] : f16
pw.kernel @narrow of "exp" operands [#pw.operand<"x", f16 as f32, tensor>] results [#pw.result<"out", f32 to f16>] {
^bb0(%x: f32):
  %0 = math.exp %x : f32
  pw.yield %0 : f32
}

// CHECK-LABEL: pw.kernel @signedness
// CHECK: ^bb0(%x: i8, %y: i8, %z: i1):
// CHECK-DAG: arith.extui %x : i8 to i32
// CHECK-DAG: arith.extsi %y : i8 to i32
// CHECK-DAG: arith.extui %z : i1 to i32
pw.kernel @signedness of "sum" operands [#pw.operand<"x", u8 as i32, tensor>, #pw.operand<"y", i8 as i32, tensor>,
    #pw.operand<"z", bool as i32, tensor>] results [#pw.result<"out", i32 to i32>] {
^bb0(%x: i32, %y: i32, %z: i32):
  %0 = arith.addi %x, %y : i32
  %1 = arith.addi %0, %z : i32
  pw.yield %1 : i32
}

// CHECK-LABEL: pw.kernel @to_float
// CHECK-DAG: arith.sitofp %x : i64 to f32
// CHECK-DAG: arith.uitofp %y : i32 to f32
// CHECK: arith.truncf {{.*}} : f32 to bf16
pw.kernel @to_float of "div" operands [#pw.operand<"x", i64 as f32, tensor>, #pw.operand<"y", u32 as f32, tensor>]
    results [#pw.result<"out", f32 to bf16>] {
^bb0(%x: f32, %y: f32):
  %0 = arith.divf %x, %y : f32
  pw.yield %0 : f32
}

// Floats become narrow integers through 32 or 64 bits, bool through a comparison that is true for NaN.
// CHECK-LABEL: pw.kernel @from_float
// CHECK-DAG: %[[I8:.*]] = arith.fptosi %x : f32 to i32
// CHECK-DAG: arith.trunci %[[I8]] : i32 to i8
// CHECK-DAG: %[[U8:.*]] = arith.fptosi %x : f32 to i64
// CHECK-DAG: arith.trunci %[[U8]] : i64 to i8
// CHECK-DAG: arith.fptoui %x : f32 to i64
// CHECK-DAG: arith.cmpf une, %x, %{{.*}} : f32
pw.kernel @from_float of "copy" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out0", f32 to i8>, #pw.result<"out1", f32 to u8>, #pw.result<"out2", f32 to u64>,
             #pw.result<"out3", f32 to bool>] {
^bb0(%x: f32):
  pw.yield %x, %x, %x, %x : f32, f32, f32, f32
}

// Every use of an operand sees the converted value, also when it is yielded as it is.
// CHECK-LABEL: pw.kernel @complex
// CHECK: ^bb0(%x: complex<f16>, %y: f32):
// CHECK-DAG: complex.re %x : complex<f16>
// CHECK-DAG: complex.im %x : complex<f16>
// CHECK: complex.create %y, %{{.*}} : complex<f32>
// CHECK: complex.mul
pw.kernel @complex of "mul" operands [#pw.operand<"x", c32 as c64, tensor>, #pw.operand<"y", f32 as c64, tensor>]
    results [#pw.result<"out", c64 to c64>] {
^bb0(%x: complex<f32>, %y: complex<f32>):
  %0 = complex.mul %x, %y : complex<f32>
  pw.yield %0 : complex<f32>
}

// f64 reaches f16 through f32, as in c10.
// CHECK-LABEL: pw.kernel @twice
// CHECK: %[[F:.*]] = arith.truncf %x : f64 to f32
// CHECK: arith.truncf %[[F]] : f32 to f16
pw.kernel @twice of "copy" operands [#pw.operand<"x", f64 as f64, tensor>] results [#pw.result<"out", f64 to f16>] {
^bb0(%x: f64):
  pw.yield %x : f64
}

// A sum over all rows is rounded, not its terms.
// CHECK-LABEL: pw.kernel @column_sum
// CHECK: [[X:%.*]] = arith.extf %x : bf16 to f32
// CHECK-NEXT: pw.yield [[X]] : f32
pw.kernel @column_sum of "column_sum" operands [#pw.operand<"x", bf16 as f32, tensor>]
    results [#pw.result<"out", f32 to bf16, column>] rowwise {
^bb0(%x: f32):
  pw.yield %x : f32
}
