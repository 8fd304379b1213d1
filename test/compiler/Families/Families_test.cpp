// The kernel families on many layouts, as host C++, against the interpreter: tails, offsets, broadcasts, strides,
// and nothing written outside the results.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <random>

#include "cuda_case.h"
#include "trace_builder.h"

namespace gems::test {
namespace {

// Bodies of one, two and three tensors, one and two results, with and without f16, bool and numbers.
std::vector<TraceGraph> bodies() {
  std::vector<TraceGraph> graphs;
  graphs.push_back(scaled_sum(DType::F32, DType::F32, DType::F32));
  graphs.push_back(scaled_sum(DType::BF16, DType::BF16, DType::BF16));
  graphs.push_back(scaled_sum(DType::F32, DType::F16, DType::F32));
  graphs.push_back(scaled_sum(DType::I64, DType::I8, DType::I64));
  graphs.push_back(single_op(ScalarOp::Lt, DType::F32));
  graphs.push_back(single_op(ScalarOp::Select, DType::F16));
  graphs.push_back(single_op(ScalarOp::Select, DType::C64));  // vectors of two one-byte elements
  graphs.push_back(single_op(ScalarOp::Mul, DType::U8));
  graphs.push_back(single_op(ScalarOp::Add, DType::C64));
  graphs.push_back(single_op(ScalarOp::Sub, DType::C128));
  TraceBuilder two("sum_and_order");
  const int x = two.tensor("x", DType::F16, DType::F32);
  const int y = two.tensor("y", DType::F32, DType::F32);
  two.result(two.add(ScalarOp::Add, {x, y}), DType::F16);
  two.result(two.add(ScalarOp::Lt, {x, y}));
  graphs.push_back(two.take());
  return graphs;
}

using Sizes = std::vector<std::vector<std::int64_t>>;

void check_random_layouts(const std::vector<LayoutClass>& classes, const Sizes& all_sizes, int rounds,
                          CudaTarget target = {}) {
  std::mt19937 random(7);
  std::vector<CudaCase> cases;
  for (const TraceGraph& graph : bodies())
    for (int i = 0; i < rounds; ++i) {
      const LayoutClass cls = classes[random() % classes.size()];
      CudaCase test{.graph = graph, .layout = {cls}, .geometry = {}, .target = target};
      if (random() % 4 == 0) test.layout = last_single(cls, graph);
      std::vector<std::int64_t> sizes = all_sizes[random() % all_sizes.size()];
      while (sizes.size() < static_cast<std::size_t>(traits(cls).rank))
        sizes.push_back(1 + random() % (sizes.size() < 4 ? 3 : 2));
      test.geometry = random_geometry(test.layout, sizes, graph, random);
      cases.push_back(std::move(test));
    }
  check_on_host(cases, 11);
}

}  // namespace

TEST_CASE("flat kernels cover every element of every length") {
  check_random_layouts({LayoutClass::Flat},
                       {{1}, {2}, {7}, {8}, {9}, {255}, {256}, {1023}, {2048}, {2049}, {4097}, {9999}}, 8);
}

TEST_CASE("rows kernels cover every element, with any strides, at any alignment") {
  check_random_layouts(
      {LayoutClass::Rows, LayoutClass::RowsUnaligned},
      {{1, 1}, {3, 50}, {8, 9}, {33, 5}, {64, 64}, {130, 21}, {255, 3}, {1025, 4}, {1030, 1}, {5, 300}, {2049}}, 16);
}

TEST_CASE("rows of which little is read cover every element") {
  check_random_layouts({LayoutClass::RowsOuter}, {{1, 1}, {3, 50}, {64, 64}, {130, 21}, {1025, 4}, {1030, 1}, {5, 300}},
                       8);
}

TEST_CASE("tiles cover every element, whichever operands cross the results") {
  check_random_layouts({LayoutClass::Tile, LayoutClass::TileUnaligned},
                       {{1, 1}, {3, 50}, {64, 64}, {65, 63}, {130, 21}, {32, 129}, {7, 300}, {300, 7}, {66, 260}}, 12);
}

TEST_CASE("tiles beside fast memory, which are smaller, cover every element") {
  check_random_layouts({LayoutClass::Tile, LayoutClass::TileUnaligned},
                       {{3, 50}, {64, 64}, {65, 63}, {130, 21}, {32, 129}, {300, 7}, {66, 260}}, 6, {90, 4900});
}

TEST_CASE("generic kernels cover every element of every rank and any strides") {
  check_random_layouts({LayoutClass::Generic, LayoutClass::GenericWide}, {{1}, {3}, {17, 5}, {40, 30}, {2000}, {6, 5}},
                       16);
}

TEST_CASE("operands may be called as variables of the kernels are") {
  const char* const names[] = {"at",     "at0", "at1",     "column",   "columns", "count", "dense", "first",
                               "i",      "k",   "last",    "lead",     "left",    "n",     "outer", "r",
                               "rest",   "row", "rows",    "row_tile", "space",   "start", "tile",  "u",
                               "values", "vec", "vectors", "whole",    "words",   "int"};
  std::mt19937 random(7);
  std::vector<CudaCase> cases;
  for (std::size_t cls = 0; cls < static_cast<std::size_t>(LayoutClass::RowHeld); ++cls)
    for (std::size_t i = 0; i + 1 < std::size(names); i += 2) {
      TraceBuilder trace("sum");
      trace.result(trace.add(ScalarOp::Add, {trace.tensor(names[i], DType::BF16, DType::F32),
                                             trace.tensor(names[i + 1], DType::BF16, DType::F32)}),
                   DType::BF16);
      CudaCase test{.graph = trace.take(), .layout = {static_cast<LayoutClass>(cls)}, .geometry = {}};
      std::vector<std::int64_t> sizes{1001};
      if (layout_table[cls].rank > 1) sizes = {70, 33};
      if (layout_table[cls].rank > 2) sizes.push_back(2);
      test.geometry = random_geometry(test.layout, sizes, test.graph, random);
      cases.push_back(std::move(test));
    }
  check_on_host(cases, 3);
}

TEST_CASE("a kernel may write its result over an operand") {
  const TraceGraph graph = scaled_sum(DType::F32, DType::F32, DType::F32);
  const Layout layout;
  const CudaKernel kernel = emit_cuda(graph, layout, CudaTarget{90});

  const HostCuda host({kernel});
  alignas(16) std::array<float, 4100> x;
  alignas(16) std::array<float, 4100> y;
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i), y[i] = 1;
  float alpha = 2;
  void* first = x.data();
  void* second = y.data();
  Geometry geometry{.rank = 1, .sizes = {4100}, .strides = {}};
  host.launch(0, launch_geometry(kernel.schedule, layout, geometry), {&first, &second, &alpha, &first});
  for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(x[i] == static_cast<float>(i) + 2);
}

}  // namespace gems::test
