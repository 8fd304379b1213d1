// RUN: gems-opt %s --pw-schedule-cpu | FileCheck %s
// RUN: gems-opt %s --pw-schedule-cpu=vector-bytes=32 | FileCheck %s --check-prefix=NARROW

// The widest type in the body decides.
// CHECK-LABEL: pw.kernel @widen 
// CHECK-SAME: cpu_layout <(contiguous) -> (contiguous)> cpu_schedule <lanes = 8>
// NARROW-LABEL: pw.kernel @widen 
// NARROW-SAME: cpu_schedule <lanes = 4>
pw.kernel @widen of "widen" operands [#pw.operand<"x", f16 as f16, tensor>]
    results [#pw.result<"out", f64 to f64>] resolved
    cpu_layout <(contiguous) -> (contiguous)> {
^bb0(%x: f16):
  %0 = arith.extf %x : f16 to f64
  pw.yield %0 : f64
}

// Bytes fill a register; where one is strided, which costs code for each lane, there are no more than 16.
// CHECK-LABEL: pw.kernel @bytes 
// CHECK-SAME: cpu_schedule <lanes = 64>
// CHECK-LABEL: pw.kernel @strided_bytes 
// CHECK-SAME: cpu_schedule <lanes = 16>
pw.kernel @bytes of "bytes" operands [#pw.operand<"x", u8 as u8, tensor>]
    results [#pw.result<"out", u8 to u8>] resolved cpu_layout <(contiguous) -> (contiguous)> {
^bb0(%x: i8):
  pw.yield %x : i8
}
pw.kernel @strided_bytes of "bytes" operands [#pw.operand<"x", u8 as u8, tensor>]
    results [#pw.result<"out", u8 to u8>] resolved cpu_layout <(contiguous) -> (strided)> {
^bb0(%x: i8):
  pw.yield %x : i8
}

// Where all that moves is bf16, AVX2 takes two vectors of f32 at a time.
// CHECK-LABEL: pw.kernel @pairs 
// CHECK-SAME: cpu_schedule <lanes = 16>
// NARROW-LABEL: pw.kernel @pairs 
// NARROW-SAME: cpu_schedule <lanes = 16, bf16_pairs>
pw.kernel @pairs of "pairs" operands [#pw.operand<"x", bf16 as f32, tensor>]
    results [#pw.result<"out", f32 to bf16>] resolved
    cpu_layout <(contiguous) -> (contiguous)> {
^bb0(%x: bf16):
  %0 = arith.extf %x : bf16 to f32
  %1 = arith.addf %0, %0 : f32
  %2 = arith.truncf %1 : f32 to bf16
  pw.yield %2 : bf16
}

// Not where elements of another type meet them, and not where bf16 itself is selected.
// NARROW-LABEL: pw.kernel @beside_f32 
// NARROW-SAME: cpu_schedule <lanes = 8>
pw.kernel @beside_f32 of "beside_f32" operands [
    #pw.operand<"x", bf16 as f32, tensor>,
    #pw.operand<"y", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to bf16>] resolved
    cpu_layout <(contiguous, contiguous) -> (contiguous)> {
^bb0(%x: bf16, %y: f32):
  %0 = arith.extf %x : bf16 to f32
  %1 = arith.addf %0, %y : f32
  %2 = arith.truncf %1 : f32 to bf16
  pw.yield %2 : bf16
}

// NARROW-LABEL: pw.kernel @beside_one_f16 
// NARROW-SAME: cpu_schedule <lanes = 8>
pw.kernel @beside_one_f16 of "beside_one_f16" operands [
    #pw.operand<"x", bf16 as f32, tensor>,
    #pw.operand<"y", f16 as f32, tensor>]
    results [#pw.result<"out", f32 to bf16>] resolved
    cpu_layout <(contiguous, broadcast) -> (contiguous)> {
^bb0(%x: bf16, %y: f16):
  %0 = arith.extf %x : bf16 to f32
  %1 = arith.extf %y : f16 to f32
  %2 = arith.addf %0, %1 : f32
  %3 = arith.truncf %2 : f32 to bf16
  pw.yield %3 : bf16
}

// NARROW-LABEL: pw.kernel @selected 
// NARROW-SAME: cpu_schedule <lanes = 8>
pw.kernel @selected of "selected" operands [#pw.operand<"x", bf16 as bf16, tensor>]
    results [#pw.result<"out", bf16 to bf16>] resolved
    cpu_layout <(contiguous) -> (contiguous)> {
^bb0(%x: bf16):
  %zero = arith.constant 0.0 : bf16
  %0 = arith.extf %x : bf16 to f32
  %1 = arith.cmpf olt, %0, %0 : f32
  %2 = arith.select %1, %x, %zero : bf16
  pw.yield %2 : bf16
}

// Vectors of a rowwise kernel fill four registers, or two where functions need some, whatever the layout. The lanes do
// not depend on the types of what is found once for a row.
// CHECK-LABEL: pw.kernel @row_sum 
// CHECK-SAME: cpu_layout <row (contiguous) -> (broadcast)> cpu_schedule <lanes = 64>
// NARROW-LABEL: pw.kernel @row_sum 
// NARROW-SAME: cpu_schedule <lanes = 32>
pw.kernel @row_sum of "row_sum" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f64 to f64, row>] rowwise resolved cpu_layout <row (contiguous) -> (broadcast)> {
^bb0(%x: f32):
  %0 = pw.reduce sum %x sweep 1 : f32 -> f32
  %1 = arith.extf %0 : f32 to f64
  pw.yield %1 : f64
}

// CHECK-LABEL: pw.kernel @softmax 
// CHECK-SAME: cpu_schedule <lanes = 16>
// NARROW-LABEL: pw.kernel @softmax 
// NARROW-SAME: cpu_layout <columns (contiguous) -> (contiguous)> cpu_schedule <lanes = 16>
pw.kernel @softmax of "softmax" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32>] rowwise resolved cpu_layout <columns (contiguous) -> (contiguous)> {
^bb0(%x: f32):
  %0:2 = pw.reduce exp_sum %x sweep 1 : f32 -> f32, f32
  %1 = arith.subf %x, %0#0 : f32
  %2 = math.exp %1 : f32
  %3 = arith.divf %2, %0#1 : f32
  pw.yield %3 : f32
}
