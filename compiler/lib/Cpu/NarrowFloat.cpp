// The conversions of two-byte floats in integer arithmetic, and f16 by instruction; by dtype, those of NarrowFloat.h.
#include "Cpu/NarrowFloat.h"

#include "Cpu/Avx512.h"
#include "Cpu/Bf16Pairs.h"
#include "Cpu/Float8.h"
#include "Cpu/LaneCalls.h"

using namespace mlir;

namespace gems::cpu {
namespace {

Lanes retyped(Lanes x, Type element) {
  ImplicitLocOpBuilder& builder = x.builder();
  return {builder, arith::BitcastOp::create(builder, VectorType::get(x.type().getShape(), element), x.value())};
}

Lanes masked(Lanes x, int64_t mask) { return x & x.constant(mask); }
Lanes plus(Lanes x, int64_t number) { return x + x.constant(number); }

Lanes bf16ToF32(Lanes bits) { return (bits.extended(bits.builder().getI32Type()) << 16).asFloat(); }

// Half a unit of the last place that stays, less one when that place is even: ties go to even. NaN gets the bits that
// PyTorch gives it.
Lanes roundedToUpperHalves(Lanes x) {
  Lanes bits = x.bits();
  Lanes isOdd = masked(bits, 0x10000) != bits.constant(0);
  Lanes rounded = bits + select(isOdd, bits.constant(0x8000), bits.constant(0x7fff));
  return select(isNan(x), bits.constant(0x7fc00000), rounded);
}

Lanes f32ToBf16InIntegers(Lanes x) { return (roundedToUpperHalves(x) >> 16).truncated(x.builder().getI16Type()); }

Lanes f32ToBf16(Lanes x, VectorUnit unit) {
  if (!avx512::canConvertBf16(x, unit)) return f32ToBf16InIntegers(x);
  return replacedWhereAny(avx512::isDenormal(x), avx512::toBf16FlushingDenormals(x),
                          [&] { return f32ToBf16InIntegers(x); });
}

Lanes f16ToF32(Lanes bits, bool hasF16c) {
  ImplicitLocOpBuilder& builder = bits.builder();
  if (hasF16c) {
    auto type = VectorType::get(bits.type().getShape(), builder.getF32Type());
    return {builder, arith::ExtFOp::create(builder, type, retyped(bits, builder.getF16Type()).value())};
  }
  Lanes wide = bits.extended(builder.getI32Type());
  Lanes magnitude = masked(wide, 0x7fff) << 13;
  // The exponents differ by 112 in bias; scaling also makes f16's denormals normal.
  Lanes scaled = (magnitude.asFloat() * 0x1p112).bits();
  Lanes infiniteOrNan = magnitude | magnitude.constant(0x7f800000);
  Lanes result = select(magnitude < magnitude.constant(0x7c00 << 13), scaled, infiniteOrNan);
  return (result | (masked(wide, 0x8000) << 16)).asFloat();
}

Lanes f32ToF16(Lanes x, bool hasF16c) {
  ImplicitLocOpBuilder& builder = x.builder();
  if (hasF16c) {
    auto type = VectorType::get(x.type().getShape(), builder.getF16Type());
    return retyped({builder, arith::TruncFOp::create(builder, type, x.value())}, builder.getI16Type());
  }
  Lanes bits = x.bits();
  Lanes magnitude = masked(bits, 0x7fffffff);
  Lanes normal = plus((magnitude + plus(masked(magnitude >> 13, 1), 0xfff)) >> 13, -(112 << 10));
  // The sum with 1/2 has the spacing of f16's denormals: the addition rounds to them.
  Lanes denormal = plus((magnitude.asFloat() + 0.5).bits(), -0x3f000000);
  Lanes nan = masked(magnitude >> 13, 0x3ff) | magnitude.constant(0x7e00);
  Lanes result = select(magnitude < magnitude.constant(0x38800000), denormal, normal);
  result = select(magnitude < magnitude.constant(0x477ff000), result, magnitude.constant(0x7c00));
  result = select(magnitude > magnitude.constant(0x7f800000), nan, result);
  return (result | (masked(bits >> 16, 0x8000))).truncated(builder.getI16Type());
}

}  // namespace

Lanes narrowToF32(Lanes bits, DType dtype, VectorUnit unit) {
  if (is_float8(dtype)) return float8ToF32(bits, dtype);
  return dtype == DType::F16 ? f16ToF32(bits, unit.hasF16c) : bf16ToF32(bits);
}

Lanes f32ToBf16Pairs(Lanes x) { return upperHalvesToBf16Pairs(roundedToUpperHalves(x)); }

Lanes f32ToNarrow(Lanes x, DType dtype, VectorUnit unit) {
  if (is_float8(dtype)) return f32ToFloat8(x, dtype);
  return dtype == DType::F16 ? f32ToF16(x, unit.hasF16c) : f32ToBf16(x, unit);
}

}  // namespace gems::cpu
