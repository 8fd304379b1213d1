// RUN: gems-opt %s --split-input-file --pw-lower-to-cpu --verify-diagnostics

// expected-error @+1 {{must have a CPU schedule to become a CPU kernel: run pw-schedule-cpu first}}
pw.kernel @copy of "copy" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>]
    resolved cpu_layout <(contiguous) -> (contiguous)> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{sums over all rows, for which it must walk along rows: its CPU layout walks over columns}}
pw.kernel @total of "total" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32, column>]
    rowwise resolved cpu_layout <columns (contiguous) -> (broadcast)> cpu_schedule <lanes = 8> {
^bb0(%x: f32):
  pw.yield %x : f32
}
