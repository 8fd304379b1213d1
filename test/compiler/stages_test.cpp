// Stages as text, and what goes wrong on the way.
#include "gems/compiler/stages.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstring>
#include <thread>

#include "cuda_case.h"
#include "gems/dsl/error.h"
#include "trace_builder.h"

namespace gems::test {

using Catch::Matchers::ContainsSubstring;

TEST_CASE("every stage prints something of its own") {
  const TraceGraph graph = scaled_sum(DType::F16, DType::F16, DType::F16);
  const Layout layout;
  auto stage = [&](std::string_view name) { return print_stage(graph, layout, CudaTarget{90}, name); };
  CHECK_THAT(stage("imported"), ContainsSubstring("%x: f32") && ContainsSubstring("layout <flat>"));
  CHECK_THAT(stage("resolved"), ContainsSubstring("%x: f16") && ContainsSubstring("arith.extf"));
  for (const char* name : {"expanded", "legal", "approximated"})
    CHECK_THAT(stage(name), ContainsSubstring("arith.mulf"));
  CHECK_THAT(stage("scheduled"), ContainsSubstring("schedule <flat, width = 8"));
  CHECK_THAT(stage("cuda"), ContainsSubstring("__global__"));
  CHECK_THAT(stage("scheduled_cpu"), ContainsSubstring("cpu_schedule <lanes = "));
  CHECK_THAT(stage("lowered"), ContainsSubstring("llvm.func @gems_scaled_sum_f16"));
  CHECK_THAT(stage("llvm"), ContainsSubstring("define "));
  CHECK_THROWS_AS(stage("ptx"), Error);
  for (std::string_view name : stage_names()) CHECK_FALSE(stage(name).empty());
  CHECK(stage_names().size() == 11);
}

TEST_CASE("a kernel is named after gems, its op, the dtypes in memory and the family") {
  auto name = [](const TraceGraph& graph, const Layout& layout) {
    return emit_cuda(graph, layout, CudaTarget{90}).name;
  };
  const TraceGraph add = single_op(ScalarOp::Add, DType::BF16);
  CHECK(name(add, Layout{}) == "gems_add_bf16_flat");
  CHECK(name(add, {LayoutClass::RowsUnaligned}) == "gems_add_bf16_rows");
  CHECK(name(single_op(ScalarOp::Lt, DType::F32), Layout{}) == "gems_lt_f32_to_bool_flat");
  CHECK(name(scaled_sum(DType::F32, DType::BF16, DType::F32), Layout{}) == "gems_scaled_sum_f32_bf16_to_f32_flat");
  const CudaKernel kernel = emit_cuda(add, {LayoutClass::Tile}, CudaTarget{90});
  CHECK_THAT(kernel.text, ContainsSubstring("\ngems_add_bf16_tile(const bf16* x"));
}

TEST_CASE("a trace that no dtype rule allows is an error that names op and operation") {
  TraceBuilder trace("odd");
  trace.result(trace.add(ScalarOp::Add, {trace.tensor("x", DType::Bool), trace.tensor("y", DType::Bool)}));
  const TraceGraph graph = trace.take();
  CHECK_THROWS_WITH(emit_cuda(graph, Layout{}, CudaTarget{90}),
                    ContainsSubstring("'odd'") && ContainsSubstring("add is not defined on bool"));
}

TEST_CASE("a layout of more tensors than there are is an error that says how many there are") {
  const TraceGraph graph = single_op(ScalarOp::Add, DType::F32);
  CHECK_THROWS_WITH(emit_cuda(graph, {LayoutClass::Flat, 0b100}, CudaTarget{90}),
                    ContainsSubstring("has the layout 'flat single=2', but only 2 tensors"));
}

TEST_CASE("a schedule of another family than the layout's is an error that names both") {
  CHECK_THROWS_WITH(emit_cuda(single_op(ScalarOp::Neg, DType::F32), {LayoutClass::Rows}, CudaTarget{90}, Schedule{}),
                    ContainsSubstring("it is that of a flat kernel, which the layout 'rows' is not for"));
}

TEST_CASE("emitting is deterministic and works in several threads at once") {
  const TraceGraph graph = single_op(ScalarOp::Asin, DType::C64);
  const Layout layout;
  const std::string expected = emit_cuda(graph, layout, CudaTarget{90}).text;
  std::vector<std::string> texts(4);
  std::vector<std::thread> threads;
  for (std::string& text : texts) threads.emplace_back([&] { text = emit_cuda(graph, layout, CudaTarget{90}).text; });
  for (std::thread& thread : threads) thread.join();
  CHECK(std::ranges::all_of(texts, [&](const std::string& text) { return text == expected; }));
}

TEST_CASE("operand names that C++ or the emitter claims get an underscore") {
  TraceBuilder trace("shadow");
  trace.result(trace.add(ScalarOp::Add, {trace.tensor("n", DType::F32), trace.tensor("float", DType::F32)}));
  const TraceGraph graph = trace.take();
  const std::string text = emit_cuda(graph, Layout{}, CudaTarget{90}).text;
  CHECK_THAT(text, ContainsSubstring("n_ + float_"));
}

}  // namespace gems::test
