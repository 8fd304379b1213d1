// One kernel on one geometry with data: run as host C++, and compared element by element with the interpreter.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gems/compiler/cuda.h"
#include "gems/compiler/launch_geometry.h"
#include "gems/dsl/interpreter.h"
#include "host_cuda.h"

namespace gems::test {

// How far a float result may be from the interpreter's: in units in the last place of the result's dtype, or of the
// larger part of a complex number. 0: equal (NaN equals NaN).
struct CudaCase {
  TraceGraph graph;
  Layout layout;
  Geometry geometry;
  CudaTarget target{};
  double ulps = 0;
  // Elements to draw values from, besides random ones; by default the dtype's special values.
  bool only_moderate = false;
};

// Runs all cases (one host compile) and checks their results and that nothing else was written.
void check_on_host(const std::vector<CudaCase>& cases, std::uint32_t seed);

// With the last operand that is a tensor without dimensions.
Layout last_single(LayoutClass cls, const TraceGraph& graph);

// A random geometry of the layout's class, of the sizes given: results dense or padded; operands dense, broadcast along
// some dimensions, spread, or contiguous along dimension 1.
Geometry random_geometry(const Layout& layout, const std::vector<std::int64_t>& sizes, const TraceGraph& graph,
                         std::mt19937& random);

// One dense dimension.
Geometry flat_geometry(const TraceGraph& graph, std::int64_t count);

// A value of a dtype: special ones (zeros, extremes, NaN, infinities) now and then, else random over many magnitudes.
Element random_element(DType dtype, std::mt19937& random, bool only_moderate);

// True when equal, or within ulps.
bool is_close(const Element& given, const Element& expected, double ulps);
std::string to_text(const Element& element);

}  // namespace gems::test
