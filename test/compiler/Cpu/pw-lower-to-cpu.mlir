// RUN: gems-opt %s --pw-schedule-cpu --pw-lower-to-cpu | FileCheck %s
// RUN: gems-opt %s --pw-schedule-cpu=vector-bytes=32 --pw-lower-to-cpu="vector-bytes=32 f16c=false" | FileCheck %s --check-prefix=NARROW

// One number, one broadcast, one contiguous and one strided operand: what does not move is read and computed once.
// CHECK-LABEL: llvm.func @mixed(
// CHECK-SAME: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: i64
// CHECK: llvm.cond_br
// CHECK: %[[INVARIANT:.*]] = arith.mulf %{{.*}}, %{{.*}} : vector<16xf32>
// CHECK: llvm.br ^[[PASS:bb[0-9]+]](
// CHECK: ^[[PASS]](
// CHECK: ^bb{{[0-9]+}}(%[[INDEX:.*]]: i64):
// CHECK: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<16xf32>
// CHECK-COUNT-16: llvm.insertelement
// CHECK: %[[SUM:.*]] = arith.addf %{{.*}}, %[[INVARIANT]] : vector<16xf32>
// CHECK: %[[RESULT:.*]] = arith.addf %[[SUM]], %{{.*}} : vector<16xf32>
// CHECK: llvm.store %[[RESULT]], %{{.*}} {alignment = 4 : i64} : vector<16xf32>, !llvm.ptr
// NARROW-LABEL: llvm.func @mixed(
// NARROW: arith.addf %{{.*}}, %{{.*}} : vector<8xf32>
pw.kernel @mixed of "mixed" operands [
    #pw.operand<"a", f32 as f32, number>,
    #pw.operand<"x", f32 as f32, tensor>,
    #pw.operand<"y", f32 as f32, tensor>,
    #pw.operand<"z", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32>] resolved
    cpu_layout <(broadcast, contiguous, strided) -> (contiguous)> {
^bb0(%a: f32, %x: f32, %y: f32, %z: f32):
  %0 = arith.mulf %a, %x : f32
  %1 = arith.addf %y, %0 : f32
  %2 = arith.addf %1, %z : f32
  pw.yield %2 : f32
}

// The widest type decides the number of lanes; f16 is 16 bits until an instruction converts it.
// CHECK-LABEL: llvm.func @widen(
// CHECK: llvm.load %{{.*}} {alignment = 2 : i64} : !llvm.ptr -> vector<8xi16>
// CHECK: %[[HALF:.*]] = arith.bitcast %{{.*}} : vector<8xi16> to vector<8xf16>
// CHECK: arith.extf %[[HALF]] : vector<8xf16> to vector<8xf32>
// NARROW-LABEL: llvm.func @widen(
// NARROW-NOT: f16>
// NARROW: arith.extf %{{.*}} : vector<4xf32> to vector<4xf64>
pw.kernel @widen of "widen" operands [#pw.operand<"x", f16 as f16, tensor>]
    results [#pw.result<"out", f64 to f64>] resolved
    cpu_layout <(contiguous) -> (contiguous)> {
^bb0(%x: f16):
  %0 = arith.extf %x : f16 to f64
  pw.yield %0 : f64
}

// Bool is a byte in memory; complex numbers are pairs there and two vectors in registers.
// CHECK-LABEL: llvm.func @masked_swap(
// CHECK: llvm.load %{{.*}} {alignment = 1 : i64} : !llvm.ptr -> vector<16xi8>
// CHECK: arith.cmpi ne, %{{.*}}, %{{.*}} : vector<16xi8>
// CHECK: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<32xf32>
// CHECK-COUNT-2: llvm.shufflevector
// CHECK: arith.select
// CHECK: llvm.shufflevector
// CHECK: llvm.store %{{.*}}, %{{.*}} {alignment = 4 : i64} : vector<32xf32>, !llvm.ptr
pw.kernel @masked_swap of "masked_swap" operands [
    #pw.operand<"m", bool as bool, tensor>,
    #pw.operand<"x", c64 as c64, tensor>]
    results [#pw.result<"out", c64 to c64>] resolved
    cpu_layout <(contiguous, contiguous) -> (contiguous)> {
^bb0(%m: i1, %x: complex<f32>):
  %re = complex.re %x : complex<f32>
  %im = complex.im %x : complex<f32>
  %0 = arith.select %m, %im, %re : f32
  %1 = complex.create %0, %re : complex<f32>
  pw.yield %1 : complex<f32>
}

// Where all that moves is bf16, AVX2 takes two vectors of f32 at a time: the even elements, and the odd ones.
// CHECK-LABEL: llvm.func @pairs(
// CHECK: llvm.load %{{.*}} {alignment = 2 : i64} : !llvm.ptr -> vector<16xi16>
// CHECK: arith.extui %{{.*}} : vector<16xi16> to vector<16xi32>
// NARROW-LABEL: llvm.func @pairs(
// NARROW: llvm.load %{{.*}} {alignment = 2 : i64} : !llvm.ptr -> vector<16xi16>
// NARROW: llvm.bitcast %{{.*}} : vector<16xi16> to vector<8xi32>
// NARROW-NOT: arith.extui
// NARROW: llvm.shufflevector %{{.*}} [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
// NARROW: arith.addf %{{.*}} : vector<16xf32>
// NARROW-NOT: arith.trunci
// NARROW: llvm.shufflevector %{{.*}} [0, 17, 2, 19, 4, 21, 6, 23, 8, 25, 10, 27, 12, 29, 14, 31]
pw.kernel @pairs of "pairs" operands [#pw.operand<"x", bf16 as f32, tensor>]
    results [#pw.result<"out", f32 to bf16>] resolved
    cpu_layout <(contiguous) -> (contiguous)> {
^bb0(%x: bf16):
  %0 = arith.extf %x : bf16 to f32
  %1 = arith.addf %0, %0 : f32
  %2 = arith.truncf %1 : f32 to bf16
  pw.yield %2 : bf16
}

// A rowwise kernel is a CpuRowKernel. What is left after the last full vector counts as 0 in a sum; the places of a
// vector are folded half onto half.
// CHECK-LABEL: llvm.func @mean(
// CHECK-SAME: %{{.*}}: !llvm.ptr)
// CHECK-DAG: %[[X:.*]] = llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<64xf32>
// CHECK-DAG: arith.addf %{{.*}}, %[[X]] : vector<64xf32>
// CHECK-DAG: "llvm.intr.memcpy"
// CHECK-DAG: %[[EXISTS:.*]] = arith.cmpi sgt, %{{.*}}, %{{.*}} : vector<64xi32>
// CHECK-DAG: arith.select %[[EXISTS]], %{{.*}}, %{{.*}} : vector<64xi1>, vector<64xf32>
// CHECK-DAG: arith.addf %{{.*}} : vector<32xf32>
// CHECK-DAG: arith.addf %{{.*}} : vector<1xf32>
// CHECK-DAG: arith.divf %{{.*}} : vector<16xf32>
pw.kernel @mean of "mean" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32, row>] rowwise resolved cpu_layout <row (contiguous) -> (broadcast)> {
^bb0(%x: f32):
  %0 = pw.reduce sum %x sweep 1 : f32 -> f32
  %1 = pw.row_length : i64
  %2 = arith.sitofp %1 : i64 to f32
  %3 = arith.divf %0, %2 : f32
  pw.yield %3 : f32
}

// Across rows, the lanes are rows, and each place of a row has its sum in memory.
// CHECK-LABEL: llvm.func @mean_across(
// CHECK: %[[Y:.*]] = llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<64xf32>
// CHECK: %[[SUM:.*]] = llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<64xf32>
// CHECK: %[[NEXT:.*]] = arith.addf %[[SUM]], %[[Y]] : vector<64xf32>
// CHECK: llvm.store %[[NEXT]], %{{.*}} {alignment = 4 : i64} : vector<64xf32>, !llvm.ptr
pw.kernel @mean_across of "mean" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", f32 to f32, row>] rowwise resolved cpu_layout <columns (contiguous) -> (contiguous)> {
^bb0(%x: f32):
  %0 = pw.reduce sum %x sweep 1 : f32 -> f32
  pw.yield %0 : f32
}
