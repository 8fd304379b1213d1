// RUN: gems-opt %s --pw-to-resolved | FileCheck %s --check-prefix=RESOLVED
// RUN: gems-opt %s --pw-to-legal | FileCheck %s --check-prefix=LEGAL
// RUN: gems-opt %s --pw-to-approximated | FileCheck %s --check-prefix=APPROXIMATED
// RUN: gems-opt %s --pw-to-scheduled='schedule="#pw.schedule<flat, width = 8, unroll = 1, threads = 256>"' | FileCheck %s --check-prefix=SCHEDULED
// RUN: gems-opt %s --pw-to-lowered=vector-bytes=32 | FileCheck %s --check-prefix=LOWERED

// RESOLVED: arith.negf {{.*}} : bf16
// RESOLVED: math.exp {{.*}} : f32
// LEGAL-NOT: arith.negf {{.*}} : bf16
// LEGAL: math.exp {{.*}} : f32
// APPROXIMATED: pw.approximate exp
// SCHEDULED: schedule <flat, width = 8
// LOWERED: llvm.func @exp_bf16(
// LOWERED-NOT: arith.
pw.kernel @exp_bf16 of "exp" operands [#pw.operand<"x", bf16 as bf16, tensor>]
    results [#pw.result<"out", bf16 to bf16>] layout <flat> cpu_layout <(contiguous) -> (contiguous)> {
^bb0(%x: bf16):
  %0 = arith.negf %x : bf16
  %1 = arith.extf %0 : bf16 to f32
  %2 = math.exp %1 : f32
  %3 = arith.truncf %2 : f32 to bf16
  pw.yield %3 : bf16
}
