// C's fmod on f32 lanes: x - trunc(x / y) * y is exact in f64 while the quotient is below 2^52.
#include <limits>

#include "Cpu/LaneCalls.h"
#include "Cpu/Math.h"

namespace gems::cpu {

Lanes fmodF32(Lanes x, Lanes y) {
  constexpr double Infinity = std::numeric_limits<double>::infinity();
  Lanes ax = absolute(x.toF64()), ay = absolute(y.toF64());
  Lanes quotient = ax / ay;
  Lanes rest = fma(-truncatedToInteger(quotient), ay, ax);
  // The quotient may have been rounded up to an integer.
  rest = select(rest < 0.0, rest + ay, rest);
  rest = select((ay == Infinity) & (ax < Infinity), ax, rest);
  Lanes isFar = (quotient >= 0x1p52) & (ax < Infinity) & (ay > 0.0);
  return replacedWhereAny(isFar, withSignOf(rest.toF32(), x), [&] { return callPerLane("fmodf", {x, y}); });
}

}  // namespace gems::cpu
