// Division by a number that the host knows.

//! snippet Divisor
// n / divisor == (__umulhi(n, multiplier) + n) >> shift for every n < 2^31
struct Divisor { unsigned divisor, multiplier, shift; };

__device__ __forceinline__ unsigned divide(unsigned n, const Divisor& by, unsigned& remainder) {
  const unsigned quotient = (__umulhi(n, by.multiplier) + n) >> by.shift;
  remainder = n - quotient * by.divisor;
  return quotient;
}
