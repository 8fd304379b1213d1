// Schedules as a pure function of dtypes, layout and target.
#include "gems/compiler/schedule.h"

#include <catch2/catch_test_macros.hpp>

#include "cuda_case.h"
#include "trace_builder.h"

namespace gems::test {
namespace {

Schedule flat(const TraceGraph& graph, int align = 16) { return choose_schedule(graph, flat_layout(graph, align), {}); }

}  // namespace

TEST_CASE("operands of one dtype move 16 bytes at a time") {
  CHECK(flat(single_op(ScalarOp::Add, DType::F32)).width == 4);
  CHECK(flat(single_op(ScalarOp::Add, DType::F16)).width == 8);
  CHECK(flat(single_op(ScalarOp::Add, DType::F64)).width == 2);
  CHECK(flat(single_op(ScalarOp::Add, DType::U8)).width == 16);
  CHECK(flat(single_op(ScalarOp::Add, DType::C128)).width == 1);
}

TEST_CASE("beside wide operands narrow ones still move several bytes at a time") {
  CHECK(flat(scaled_sum(DType::F32, DType::BF16, DType::F32)).width == 4);
  CHECK(flat(single_op(ScalarOp::Lt, DType::F32)).width == 8);
  CHECK(flat(single_op(ScalarOp::Lt, DType::F64)).width == 8);
}

TEST_CASE("one vector a thread is in flight where that is enough for the architecture") {
  const TraceGraph graph = single_op(ScalarOp::Neg, DType::F32);
  CHECK(choose_schedule(graph, flat_layout(graph), CudaTarget{90}).unroll == 1);
  CHECK(choose_schedule(graph, flat_layout(graph), CudaTarget{100}).unroll == 2);
}

TEST_CASE("heavy bodies compute at most eight elements a thread, but a long polynomial on two-byte types sixteen") {
  auto elements = [](const TraceGraph& graph) { return flat(graph).width * flat(graph).unroll; };
  CHECK(elements(single_op(ScalarOp::Pow, DType::F16)) == 8);
  CHECK(elements(single_op(ScalarOp::Exp, DType::F16)) == 8);
  CHECK(elements(single_op(ScalarOp::Erf, DType::F16)) == 16);
  CHECK(elements(single_op(ScalarOp::Erf, DType::F32)) <= 8);
}

TEST_CASE("an unaligned operand narrows the vector to two of its accesses, and unrolls more") {
  const Schedule f32 = flat(single_op(ScalarOp::Add, DType::F32), 4);
  CHECK(f32.width == 2);
  CHECK(f32.unroll >= 2);
  CHECK(flat(single_op(ScalarOp::Add, DType::BF16), 0).width == 2);
}

TEST_CASE("the family follows from the innermost steps and the rank") {
  const TraceGraph graph = single_op(ScalarOp::Add, DType::F32);
  Layout layout = flat_layout(graph);
  CHECK(choose_schedule(graph, layout, {}).family == Family::Flat);
  layout.rank = 2;
  CHECK(choose_schedule(graph, layout, {}).family == Family::Rows);
  layout.operands[0].steps[0] = Step::Broadcast;
  CHECK(choose_schedule(graph, layout, {}).family == Family::Rows);
  layout.operands[0].steps[0] = Step::Strided;
  CHECK(choose_schedule(graph, layout, {}).family == Family::Generic);
  layout.operands[0].steps[0] = Step::Contiguous;
  layout.rank = 4;
  CHECK(choose_schedule(graph, layout, {}).family == Family::Generic);
}

TEST_CASE("the emitter obeys the schedule that choose_schedule gives") {
  for (ScalarOp op : all_scalar_ops()) {
    const TraceGraph graph = single_op(op, is_defined(op, DType::F32)   ? DType::F32
                                           : is_defined(op, DType::I32) ? DType::I32
                                                                        : DType::C64);
    const Layout layout = flat_layout(graph);
    CHECK(emit_cuda(graph, layout, CudaTarget{90}).schedule == choose_schedule(graph, layout, CudaTarget{90}));
  }
}

TEST_CASE("schedules and layouts print canonically") {
  CHECK(to_string(Schedule{}) == "family=flat width=4 unroll=1 threads=256");
  Layout layout = flat_layout(single_op(ScalarOp::Add, DType::F32));
  layout.rank = 2;
  layout.operands[1].steps[1] = Step::Broadcast;
  CHECK(to_string(layout) ==
        "rank=2 x=[contiguous,strided]@16 y=[contiguous,broadcast]@16 out=[contiguous,strided]@16");
}

}  // namespace gems::test
