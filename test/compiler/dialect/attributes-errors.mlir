// RUN: gems-opt %s --split-input-file --verify-diagnostics --allow-unregistered-dialect

// expected-error @+2 {{'f33' is not a dtype: expected one of bool, u8, i8}}
// expected-error @+1 {{failed to parse}}
"test.op"() {a = #pw.operand<"x", f33 as f32, tensor>} : () -> ()

// -----

// expected-error @+1 {{operand 'a' is a number: it is passed in its compute dtype f32, not as f16}}
"test.op"() {a = #pw.operand<"a", f16 as f32, number>} : () -> ()

// -----

// expected-error @+2 {{'dense' is not a layout class: expected one of flat, rows, rows_unaligned, rows_outer, tile}}
// expected-error @+1 {{failed to parse}}
"test.op"() {a = #pw.layout<dense>} : () -> ()

// -----

// expected-error @+2 {{a kernel has at most 12 tensors}}
// expected-error @+1 {{failed to parse}}
"test.op"() {a = #pw.layout<flat, single = [12]>} : () -> ()

// -----

// expected-error @+1 {{'dense' is not a step: expected one of contiguous, broadcast, strided}}
"test.op"() {a = #pw.cpu_layout<(dense) -> (contiguous)>} : () -> ()

// -----

// expected-error @+1 {{width is a power of two of at most 16; given 3}}
"test.op"() {a = #pw.schedule<family = flat, width = 3, unroll = 1, threads = 256>} : () -> ()

// -----

// expected-error @+1 {{a generic kernel moves single elements: width is 1; given 4}}
"test.op"() {a = #pw.schedule<family = generic, width = 4, unroll = 1, threads = 256>} : () -> ()

// -----

// expected-error @+1 {{threads is a power of two from 32 to 1024; given 100}}
"test.op"() {a = #pw.schedule<family = flat, width = 4, unroll = 1, threads = 100>} : () -> ()

// -----

// expected-error @+1 {{blocks is 1 to 32, of at most 2048 threads together; given 9 of 256}}
"test.op"() {a = #pw.schedule<family = tile, width = 4, unroll = 1, threads = 256, blocks = 9>} : () -> ()

// -----

// expected-error @+1 {{lanes and pack are those of a tile, but the family is rows}}
"test.op"() {a = #pw.schedule<family = rows, width = 4, unroll = 1, threads = 256, lanes = 8>} : () -> ()

// -----

// expected-error @+1 {{pack is 1, 2 or 4; given 3}}
"test.op"() {a = #pw.schedule<family = tile, width = 4, unroll = 1, threads = 256, lanes = 8, pack = 3>} : () -> ()
