// RUN: gems-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{has 1 operands, but its body takes 2}}
pw.kernel @count of "count" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>] {
^bb0(%x: f32, %y: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{operand 'x' is f32 in the body, but the body takes 'f16'}}
pw.kernel @type of "type" operands [#pw.operand<"x", f16 as f32, tensor>] results [#pw.result<"out", f32 to f32>] {
^bb0(%x: f16):
  %0 = arith.extf %x : f16 to f32
  pw.yield %0 : f32
}

// -----

// expected-error @+1 {{operand 'x' is f16 in memory, but the body takes 'f32'}}
pw.kernel @resolved of "resolved" operands [#pw.operand<"x", f16 as f32, tensor>]
    results [#pw.result<"out", f32 to f32>] resolved {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

pw.kernel @yields of "yields" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>] {
^bb0(%x: f32):
  // expected-error @+1 {{yields 2 values, but the kernel has 1 results}}
  pw.yield %x, %x : f32, f32
}

// -----

pw.kernel @yielded of "yielded" operands [#pw.operand<"x", f32 as f32, tensor>]
    results [#pw.result<"out", bool to bool>] {
^bb0(%x: f32):
  // expected-error @+1 {{result 'out' is bool in the body, but the body yields 'f32'}}
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{has two operands or results named 'x'}}
pw.kernel @names of "names" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"x", f32 to f32>] {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{needs at least one result}}
pw.kernel @nothing of "nothing" operands [#pw.operand<"x", f32 as f32, tensor>] results [] {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{has the layout 'flat single=1', but only 1 tensors that are read}}
pw.kernel @single of "single" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>]
    layout <flat, single = [1]> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{has 1 tensors and 1 results, but its CPU layout describes 2 and 1}}
pw.kernel @cpu of "cpu" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>]
    cpu_layout <(contiguous, strided) -> (contiguous)> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{has a schedule, but no layout to schedule}}
pw.kernel @layout of "layout" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>]
    resolved schedule <flat, width = 4, unroll = 1, threads = 256, few = 1> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{has a schedule, but its promotion is not resolved}}
pw.kernel @early of "early" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>]
    layout <flat>
    schedule <flat, width = 4, unroll = 1, threads = 256, few = 1> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{has a wrong schedule: it is that of a flat kernel, which the layout 'rows' is not for}}
pw.kernel @family of "family" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>]
    resolved layout <rows>
    schedule <flat, width = 4, unroll = 1, threads = 256, few = 1> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{has a wrong schedule: width is a power of two from 1 to 16; given 3}}
pw.kernel @width of "width" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>] resolved
    layout <flat> schedule <flat, width = 3, unroll = 1, threads = 256, few = 1> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{threads is a power of two from 32 to 1024; given 100}}
pw.kernel @threads of "threads" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>] resolved
    layout <generic> schedule <generic, unroll = 4, threads = 100> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{whole_path needs aligned tensors}}
pw.kernel @whole of "whole" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>] resolved
    layout <rows_unaligned> schedule <rows, width = 4, unroll = 1, threads = 256, whole_path = 1> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{at most 2048 threads are on a multiprocessor at once; given 9 blocks of 256}}
pw.kernel @blocks of "blocks" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>] resolved
    layout <tile> schedule <tile, width = 4, unroll = 2, threads = 256, min_blocks_per_sm = 9, threads_x = 8, rows_packed = 1, whole_path = 1,
      edge_vectors = 1> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{rows_packed is a power of two from 1 to 4; given 3}}
pw.kernel @pack of "pack" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>] resolved
    layout <tile> schedule <tile, width = 4, unroll = 2, threads = 256, min_blocks_per_sm = 1, threads_x = 8, rows_packed = 3, whole_path = 1,
      edge_vectors = 3> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{edge_vectors divides the 4 vectors of a thread, and rows_packed divides it; given 3}}
pw.kernel @edge of "edge" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>] resolved
    layout <tile> schedule <tile, width = 4, unroll = 2, threads = 256, min_blocks_per_sm = 1, threads_x = 8, rows_packed = 2, whole_path = 1,
      edge_vectors = 3> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{has a CPU schedule, but no CPU layout to schedule}}
pw.kernel @cpu of "cpu" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>] resolved
    cpu_schedule <lanes = 16> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{has a CPU schedule, but its promotion is not resolved}}
pw.kernel @cpu of "cpu" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>]
    cpu_layout <(contiguous) -> (contiguous)> cpu_schedule <lanes = 16, bf16_pairs> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

pw.kernel @sum of "sum" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>] {
^bb0(%x: f32):
  // expected-error @+1 {{reads a row, which only a rowwise kernel has}}
  %sum = pw.reduce sum %x : f32 -> f32
  pw.yield %sum : f32
}

// -----

// expected-error @+1 {{operand 'weight' has the extent 'column', which only rowwise kernels know}}
pw.kernel @scale of "scale" operands [#pw.operand<"weight", f32 as f32, tensor, column>] results [#pw.result<"out", f32 to f32>] {
^bb0(%weight: f32):
  pw.yield %weight : f32
}

// -----

pw.kernel @sum of "sum" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32, row>] rowwise {
^bb0(%x: f32):
  // expected-error @+1 {{result 'out' is one value for each row, but the body's value varies along it}}
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{vectors is a power of two from 4 to 8; given 2}}
pw.kernel @held of "held" operands [#pw.operand<"x", f32 as f32, tensor>] results [#pw.result<"out", f32 to f32>] rowwise resolved
    layout <row_held, held = 4> schedule <held, width = 4, vectors = 2, threads = 1024, block = 128, sums = 0, processors = 0, ahead = 0> {
^bb0(%x: f32):
  pw.yield %x : f32
}
