// Bodies that pw-approximate-math gives formulas, with their exact values: all 65,536 operands of a two-byte float are
// tried, by the tests of CUDA text and by those of CPU kernels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trace_builder.h"

namespace gems::test {

struct ApproximateCase {
  std::string name;
  int (*body)(TraceBuilder& trace, int x);  // from the operand's node, in f32, to the result's
  double (*exact)(double x);
};

const std::vector<ApproximateCase>& approximate_cases();

// Operand and result are of `dtype`, computed in f32.
TraceGraph approximate_trace(const ApproximateCase& test, DType dtype);

std::vector<std::uint16_t> all_two_byte_values();

// How results for all_two_byte_values() compare with exact ones.
struct Accuracy {
  double worst_ulp = 0;
  double worst_x = 0;
  int not_nearest = 0;
  int wrong_specials = 0;  // NaN, infinity or the sign of zero
  double wrong_x = 0;
};
Accuracy accuracy_of(const ApproximateCase& test, DType dtype, const std::vector<std::uint16_t>& results);

// Prints one line, and fails the running test unless every result is within one unit in the last place.
void check_accuracy(const ApproximateCase& test, DType dtype, const std::vector<std::uint16_t>& results,
                    const std::string& where);

}  // namespace gems::test
