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

// expected-error @+1 {{operand 'x' has a layout, but the kernel has no space}}
pw.kernel @space of "space" operands [#pw.operand<"x", f32 as f32, tensor, <contiguous, align = 16>>]
    results [#pw.result<"out", f32 to f32>] {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{result 'out' has no layout, but the kernel has a space}}
pw.kernel @layout of "layout" operands [#pw.operand<"x", f32 as f32, tensor, <contiguous, align = 16>>]
    results [#pw.result<"out", f32 to f32>]
    space <rank = 1, wide_index = false, crossed = false> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{has a schedule, but its promotion is not resolved}}
pw.kernel @early of "early" operands [#pw.operand<"x", f32 as f32, tensor, <contiguous, align = 16>>]
    results [#pw.result<"out", f32 to f32, <contiguous, align = 16>>]
    space <rank = 1, wide_index = false, crossed = false>
    schedule <family = flat, width = 4, unroll = 1, threads = 256> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{operand 'x' is strided, which a flat kernel cannot access}}
pw.kernel @family of "family" operands [#pw.operand<"x", f32 as f32, tensor, <strided, align = 16>>]
    results [#pw.result<"out", f32 to f32, <contiguous, align = 16>>] resolved
    space <rank = 1, wide_index = false, crossed = false>
    schedule <family = flat, width = 4, unroll = 1, threads = 256> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{is flat, which needs a space of rank 1; given 4}}
pw.kernel @rank of "rank" operands [#pw.operand<"x", f32 as f32, tensor, <contiguous, align = 16>>]
    results [#pw.result<"out", f32 to f32, <contiguous, align = 16>>] resolved
    space <rank = 4, wide_index = false, crossed = false>
    schedule <family = flat, width = 4, unroll = 1, threads = 256> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{is scheduled by tile, which needs a space of rank 4; given 1}}
pw.kernel @tile of "tile" operands [#pw.operand<"x", f32 as f32, tensor, <strided, align = 16>>]
    results [#pw.result<"out", f32 to f32, <contiguous, align = 16>>] resolved
    space <rank = 1, wide_index = false, crossed = true>
    schedule <family = tile, width = 4, unroll = 2, threads = 256, lanes = 8, pack = 1> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{result 'out' is strided, which a rows kernel cannot access}}
pw.kernel @result of "result" operands [#pw.operand<"x", f32 as f32, tensor, <strided, align = 16>>]
    results [#pw.result<"out", f32 to f32, <strided, align = 16>>] resolved
    space <rank = 4, wide_index = false, crossed = false>
    schedule <family = rows, width = 4, unroll = 1, threads = 256> {
^bb0(%x: f32):
  pw.yield %x : f32
}

// -----

// expected-error @+1 {{operand 'x' may begin anywhere, but a flat kernel moves vectors at multiples of 16 bytes}}
pw.kernel @aligned of "aligned" operands [#pw.operand<"x", f32 as f32, tensor, <contiguous, align = 4>>]
    results [#pw.result<"out", f32 to f32, <contiguous, align = 16>>] resolved
    space <rank = 1, wide_index = false, crossed = false>
    schedule <family = flat, width = 4, unroll = 1, threads = 256> {
^bb0(%x: f32):
  pw.yield %x : f32
}
