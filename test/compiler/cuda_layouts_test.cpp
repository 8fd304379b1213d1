// The three kernel families on many layouts, as host C++, against the interpreter: tails, offsets, broadcasts, strides,
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

OperandLayout random_layout(std::mt19937& random, int rank, DType dtype, bool is_result, bool any_stride) {
  OperandLayout layout;
  for (int d = 0; d < std::min(rank, 3); ++d) {
    const unsigned choice = random() % 3;
    Step step = d == 0 ? Step::Contiguous : Step::Strided;
    if (!is_result && choice == 0) step = Step::Broadcast;
    if (any_stride && choice == 1) step = Step::Strided;
    layout.steps[static_cast<std::size_t>(d)] = step;
  }
  const auto element = static_cast<std::uint8_t>(std::min<std::size_t>(size_bytes(dtype), 16));
  const std::uint8_t aligns[] = {16, 16, 4, element};
  layout.align_bytes = aligns[random() % 4];
  if (layout.align_bytes < element && element != 8) layout.align_bytes = element;
  return layout;
}

Layout random_layout(std::mt19937& random, int rank, const TraceGraph& graph, bool any_stride) {
  Layout layout;
  layout.rank = static_cast<std::uint8_t>(rank);
  layout.wide_index = random() % 4 == 0;
  layout.aliased = random() % 4 == 0;
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor)
      layout.operands.push_back(random_layout(random, rank, operand.storage, false, any_stride));
  for (const TraceResult& result : graph.results)
    layout.results.push_back(random_layout(random, rank, result.dtype, true, any_stride));
  return layout;
}

void check_random_layouts(const std::vector<int>& ranks, bool any_stride, Family family,
                          const std::vector<std::vector<std::int64_t>>& all_sizes, int rounds) {
  std::mt19937 random(7);
  std::vector<CudaCase> cases;
  for (const TraceGraph& graph : bodies())
    for (int rank : ranks)
      for (int i = 0; i < rounds; ++i) {
        CudaCase test{.graph = graph, .layout = random_layout(random, rank, graph, any_stride), .geometry = {}};
        std::vector<std::int64_t> sizes = all_sizes[random() % all_sizes.size()];
        sizes.resize(static_cast<std::size_t>(rank), 1 + random() % 3);
        test.geometry = make_geometry(test.layout, sizes, graph);
        if (choose_schedule(graph, test.layout, {}).family == family) cases.push_back(std::move(test));
      }
  REQUIRE(cases.size() > 20);
  check_on_host(cases, 11);
}

}  // namespace

TEST_CASE("flat kernels cover every element of every length, at every alignment") {
  check_random_layouts({1}, false, Family::Flat,
                       {{1}, {2}, {7}, {8}, {9}, {255}, {256}, {1023}, {2048}, {2049}, {4097}, {9999}}, 12);
}

TEST_CASE("rows kernels cover every element, with row and column broadcasts and odd sizes") {
  check_random_layouts(
      {2, 3}, false, Family::Rows,
      {{1, 1}, {3, 50}, {8, 9}, {33, 5}, {64, 64}, {130, 21}, {255, 3}, {1025, 4}, {1030, 1}, {5, 300}}, 8);
}

TEST_CASE("generic kernels cover every element of every rank and any strides") {
  check_random_layouts({1, 2, 3, 4, 8}, true, Family::Generic, {{1}, {3}, {17, 5}, {40, 30}, {2000}, {6, 5}}, 6);
}

TEST_CASE("a kernel may write its result over an operand") {
  const TraceGraph graph = scaled_sum(DType::F32, DType::F32, DType::F32);
  Layout layout = flat_layout(graph);
  layout.aliased = true;
  const CudaKernel kernel = emit_cuda(graph, layout, CudaTarget{90});
  CHECK(kernel.text.find("__restrict__") == std::string::npos);

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
