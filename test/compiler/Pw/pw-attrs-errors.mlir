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

// expected-error @+2 {{'dense' is not a kernel family: expected one of flat, rows, tile, generic}}
// expected-error @+1 {{failed to parse}}
"test.op"() {a = #pw.schedule<dense, width = 4>} : () -> ()

// -----

// expected-error @+2 {{expected 'unroll'}}
// expected-error @+1 {{failed to parse}}
"test.op"() {a = #pw.schedule<flat, width = 4, threads = 256>} : () -> ()
