// Formulas that several functions share.
#include "Cpu/Lanes.h"

namespace gems::cpu {

Lanes clamped(Lanes x, double low, double high) {
  Lanes raised = select(x < low, x.constant(low), x);
  return select(raised > high, x.constant(high), raised);
}

Lanes polynomial(std::span<const double> coefficients, Lanes x) {
  Lanes sum = x.constant(coefficients.back());
  for (size_t i = coefficients.size() - 1; i-- > 0;) sum = fma(sum, x, coefficients[i]);
  return sum;
}

Lanes polynomial(std::span<const double> coefficients, Lanes x, Lanes square) {
  auto pair = [&](size_t i) {
    Lanes first = x.constant(coefficients[i]);
    return i + 1 < coefficients.size() ? fma(x, coefficients[i + 1], first) : first;
  };
  size_t i = (coefficients.size() - 1) / 2 * 2;
  Lanes sum = pair(i);
  while (i > 0) sum = fma(sum, square, pair(i -= 2));
  return sum;
}

}  // namespace gems::cpu
