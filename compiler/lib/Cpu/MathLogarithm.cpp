// log2 and its relatives: x = 2^e * (1 + f) with 1 + f around 1, in f64 lanes; pow, which is 2^(y log2 x).
#include <limits>

#include "Cpu/Coefficients.h"
#include "Cpu/Math.h"

namespace gems::cpu {
namespace {

constexpr double Infinity = std::numeric_limits<double>::infinity();
constexpr double NotANumber = std::numeric_limits<double>::quiet_NaN();
constexpr double Ln2 = 0.6931471805599453;
constexpr double Log10Of2 = 0.3010299956639812;

struct Split {
  Lanes exponent;  // e, as a double
  Lanes fraction;  // f, sqrt(1/2) <= 1 + f < sqrt(2)
};

// x is positive and finite (anything else gives some number). Every positive f32 is a normal f64.
Split split(Lanes x) {
  constexpr int64_t RootHalf = 0x3FE6A09E667F3BCD;
  constexpr int64_t MantissaBits = 0x000FFFFFFFFFFFFF;
  constexpr int64_t Bias = 1024;  // keeps the exponent's field positive
  Lanes distance = x.bits() + x.bits().constant((Bias << 52) - RootHalf);
  Lanes mantissa = ((distance & distance.constant(MantissaBits)) + distance.constant(RootHalf)).asFloat();
  // An integer below 2^52 put into the mantissa of 2^52 is that sum.
  Lanes exponent = ((distance >> 52) | distance.constant(int64_t(0x4330000000000000))).asFloat() - (0x1p52 + Bias);
  return {exponent, mantissa - 1.0};
}

Lanes log2F64(Lanes x) {
  Split s = split(x);
  return fma(s.fraction, polynomial(coefficients::Log2, s.fraction), s.exponent);
}

// result where x is positive and finite; elsewhere what every logarithm gives.
Lanes withSpecials(Lanes x, Lanes result) {
  Lanes other = select(x == 0.0, x.constant(-Infinity), select(x < 0.0, x.constant(NotANumber), x));
  return select((x > 0.0) & (x < Infinity), result, other);
}

Lanes scaledLog(Lanes x, double scale) { return withSpecials(x, (log2F64(x.toF64()) * scale).toF32()); }

}  // namespace

Lanes logF32(Lanes x) { return scaledLog(x, Ln2); }
Lanes log2F32(Lanes x) { return withSpecials(x, log2F64(x.toF64()).toF32()); }
Lanes log10F32(Lanes x) { return scaledLog(x, Log10Of2); }

Lanes log1pF32(Lanes x) {
  Lanes wide = x.toF64();
  Split s = split(wide + 1.0);
  // Near 0 the sum 1 + x has lost x's low bits; e is 0 there.
  Lanes f = select((wide > -0.25) & (wide < 0.25), wide, s.fraction);
  Lanes result = (fma(f, polynomial(coefficients::Log2, f), s.exponent) * Ln2).toF32();
  Lanes other = select(x == -1.0, x.constant(-Infinity), select(x < -1.0, x.constant(NotANumber), x));
  return select((x > -1.0) & (x < Infinity), withSignOf(result, x), other);
}

// The special cases are those of C's pow (annex F).
Lanes powF32(Lanes x32, Lanes y32) {
  Lanes x = x32.toF64(), y = y32.toF64();
  Lanes magnitude = absolute(x);
  Split s = split(magnitude);
  Lanes log = fma(s.fraction, polynomial(coefficients::Log2Pow, s.fraction), s.exponent);
  log = select(magnitude == 0.0, x.constant(-Infinity), select(magnitude < Infinity, log, magnitude));
  Lanes result = exp2F64(clamped(y * log, -300, 300));

  Lanes half = y * 0.5;
  Lanes integer = truncatedToInteger(y) == y;
  Lanes odd = integer & (truncatedToInteger(half) != half);
  result = select(odd, withSignOf(result, x), result);
  Lanes inDomain = (x >= 0.0) | integer | (x == -Infinity) | isNan(x);
  result = select(inDomain, result, x.constant(NotANumber));
  Lanes isOne = (y == 0.0) | (x == 1.0) | ((magnitude == 1.0) & (absolute(y) == Infinity));
  return select(isOne, x.constant(1.0), result).toF32();
}

}  // namespace gems::cpu
