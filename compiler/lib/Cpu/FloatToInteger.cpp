// The conversions of FloatToInteger.h, by comparing before converting.
#include "Cpu/FloatToInteger.h"

#include <cmath>
#include <cstdint>

using namespace mlir;

namespace gems::cpu {
namespace {

Lanes withSmallest(Lanes x, unsigned width) {
  ImplicitLocOpBuilder& builder = x.builder();
  double limit = std::ldexp(1.0, int(width) - 1);
  // Values that truncate to the smallest integer from below it need no case: that integer is the answer either way.
  Lanes isInRange = (x >= -limit) & (x < limit);
  Lanes inRange = select(isInRange, x, x.constant(0.0));
  auto type = VectorType::get(x.type().getShape(), builder.getIntegerType(width));
  Lanes result(builder, arith::FPToSIOp::create(builder, type, inRange.value()));
  int64_t least = width == 64 ? INT64_MIN : -(int64_t(1) << (width - 1));
  return select(isInRange, result, result.constant(least));
}

Lanes lowBits(Lanes x, Type element) { return x.elementType() == element ? x : x.truncated(element); }

}  // namespace

Lanes floatToSigned(Lanes x, Type element) {
  return lowBits(withSmallest(x, element.getIntOrFloatBitWidth() == 64 ? 64 : 32), element);
}

Lanes floatToUnsigned(Lanes x, Type element) {
  const unsigned width = element.getIntOrFloatBitWidth();
  if (width == 64) {
    Lanes isHigh = x >= 0x1p63;
    Lanes reduced = withSmallest(select(isHigh, x - 0x1p63, x), 64);
    return select(isHigh, reduced ^ reduced.constant(INT64_MIN), reduced);
  }
  // An f32 beyond the range of i32 is a multiple of 256: its low 8 bits are those of the smallest i32, 0.
  const bool throughI32 = width == 16 || (width == 8 && x.bitWidth() == 32);
  return lowBits(withSmallest(x, throughI32 ? 32 : 64), element);
}

}  // namespace gems::cpu
