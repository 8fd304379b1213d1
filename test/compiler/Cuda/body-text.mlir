// RUN: gems-opt %s --emit-cuda | FileCheck %s

// Parentheses only where they are needed; values used twice get a name; functions by type.
// CHECK-LABEL: float poly_element(float x, float y) {
// CHECK-NEXT: const float exp0 = expf(x);
// CHECK-NEXT: return (x + y * 2.0f - (exp0 - y)) * exp0 / -0.1f;
pw.kernel @poly of "poly" operands [#pw.operand<"x", f32 as f32, tensor>,
    #pw.operand<"y", f32 as f32, number>] results [#pw.result<"out", f32 to f32>] resolved
    layout <flat> schedule <flat, width = 4, unroll = 1, threads = 256> {
^bb0(%x: f32, %y: f32):
  %c = arith.constant 2.0 : f32
  %d = arith.constant -0.1 : f32
  %0 = math.exp %x : f32
  %1 = arith.mulf %y, %c : f32
  %2 = arith.addf %x, %1 : f32
  %3 = arith.subf %0, %y : f32
  %4 = arith.subf %2, %3 : f32
  %5 = arith.mulf %4, %0 : f32
  %6 = arith.divf %5, %d : f32
  pw.yield %6 : f32
}
// CHECK: poly_flat(const float* x, const float y, float* out, const long long n) {

// Integers wrap in unsigned types; what depends on the sign casts; narrow types are cut after each operation.
// CHECK-LABEL: u8 narrow_element(u8 x, u8 y) {
// CHECK: (i8)x < (i8)y ? (u8)(x + y) : (u8)((i8)x >> (y & 7))
pw.kernel @narrow of "narrow" operands [#pw.operand<"x", i8 as i8, tensor>,
    #pw.operand<"y", i8 as i8, tensor>]
    results [#pw.result<"out", i8 to i8>] resolved
    layout <flat> schedule <flat, width = 4, unroll = 1, threads = 256> {
^bb0(%x: i8, %y: i8):
  %c = arith.constant 7 : i8
  %0 = arith.cmpi slt, %x, %y : i8
  %1 = arith.addi %x, %y : i8
  %2 = arith.andi %y, %c : i8
  %3 = arith.shrsi %x, %2 : i8
  %4 = arith.select %0, %1, %3 : i8
  pw.yield %4 : i8
}

// bool is any byte but 0; f16 that is only moved stays as it is.
// CHECK-LABEL: f16 where_element(bool c, f16 x) {
// CHECK-NEXT: return c ? x : f16{0x3c00};
// CHECK: where_element(c_vec.get(k) != 0, x_vec.get(k))
pw.kernel @where of "where" operands [#pw.operand<"c", bool as bool, tensor>,
    #pw.operand<"x", f16 as f16, tensor>]
    results [#pw.result<"out", f16 to f16>] resolved
    layout <flat> schedule <flat, width = 4, unroll = 1, threads = 256> {
^bb0(%c: i1, %x: f16):
  %one = arith.constant 1.0 : f16
  %0 = arith.select %c, %x, %one : f16
  pw.yield %0 : f16
}

// Literals read back exactly; infinities and NaN by their bits.
// CHECK-LABEL: double literals_element(double x) {
// CHECK: fma(x, 0.1, __longlong_as_double(0x7ff0000000000000ll))
pw.kernel @literals of "literals" operands [#pw.operand<"x", f64 as f64, tensor>]
    results [#pw.result<"out", f64 to f64>] resolved
    layout <flat> schedule <flat, width = 4, unroll = 1, threads = 256> {
^bb0(%x: f64):
  %a = arith.constant 0.1 : f64
  %inf = arith.constant 0x7FF0000000000000 : f64
  %0 = math.fma %x, %a, %inf : f64
  pw.yield %0 : f64
}
