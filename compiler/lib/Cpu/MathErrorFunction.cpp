// erfc in f64 lanes, as one polynomial over its whole range.
#include "Cpu/Coefficients.h"
#include "Cpu/Math.h"

namespace gems::cpu {
// exp(-x^2) * erfcx(x); x^2 is exact in f64.
Lanes erfcF32(Lanes x) {
  Lanes wide = x.toF64();
  Lanes magnitude = absolute(wide);
  magnitude = select(magnitude > coefficients::ErfcEnd, wide.constant(coefficients::ErfcEnd), magnitude);
  Lanes q = (magnitude - coefficients::ErfcCentre) / (magnitude + coefficients::ErfcCentre);
  Lanes tail = exp2F64(magnitude * magnitude * -Log2OfE) * polynomial(coefficients::Erfcx, q);
  return select(wide < 0.0, 2.0 - tail, tail).toF32();
}

}  // namespace gems::cpu
