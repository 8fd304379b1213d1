// Schedules as a pure function of dtypes, layout and target.
#include "gems/compiler/schedule.h"

#include <catch2/catch_test_macros.hpp>

#include "cuda_case.h"
#include "trace_builder.h"

namespace gems::test {
namespace {

Schedule flat(const TraceGraph& graph) { return choose_schedule(graph, flat_layout(graph), {}); }
Schedule tile(const TraceGraph& graph, bool is_aligned = true) {
  return choose_schedule(graph, family_layout(graph, Family::Tile, is_aligned), {});
}

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
  CHECK(flat(single_op(ScalarOp::Lt, DType::F64)).width == 4);
}

TEST_CASE("one vector a thread is in flight where that is enough for the architecture") {
  const TraceGraph graph = single_op(ScalarOp::Neg, DType::F32);
  CHECK(choose_schedule(graph, flat_layout(graph), CudaTarget{90}).unroll == 1);
  CHECK(choose_schedule(graph, flat_layout(graph), CudaTarget{100}).unroll == 2);
  CHECK(choose_schedule(graph, flat_layout(graph), CudaTarget{120}).unroll == 1);
}

TEST_CASE("heavy bodies compute at most eight elements a thread, long two-byte ones more beside fast memory") {
  constexpr CudaTarget fast{90, 4900};
  auto elements = [](const TraceGraph& graph, CudaTarget target) {
    const Schedule schedule = choose_schedule(graph, flat_layout(graph), target);
    return schedule.width * schedule.unroll;
  };
  for (CudaTarget target : {CudaTarget{90}, CudaTarget{90, 3350}, fast}) {
    CHECK(elements(single_op(ScalarOp::Pow, DType::F32), target) == 8);
    CHECK(elements(single_op(ScalarOp::Pow, DType::F16), target) == 8);
    CHECK(elements(single_op(ScalarOp::Erf, DType::F32), target) <= 8);
    CHECK(elements(single_op(ScalarOp::Add, DType::F16), target) == 8);
    CHECK(elements(single_op(ScalarOp::Exp, DType::F16), target) == 8);
    CHECK(elements(single_op(ScalarOp::Erf, DType::BF16), target) == 8);
    CHECK(elements(single_op(ScalarOp::Log, DType::BF16), target) == (target == fast ? 16 : 8));
    CHECK(elements(single_op(ScalarOp::Sin, DType::F16), target) == (target == fast ? 16 : 8));
  }
}

TEST_CASE("beside fast memory functions and rows have small blocks, and tiles of two operands are smaller") {
  constexpr CudaTarget fast{90, 4900};
  const TraceGraph function = single_op(ScalarOp::Erf, DType::F32);
  CHECK(choose_schedule(function, flat_layout(function), {}).threads == 256);
  CHECK(choose_schedule(function, flat_layout(function), fast).threads == 128);
  const TraceGraph sum = single_op(ScalarOp::Add, DType::BF16);
  CHECK(choose_schedule(sum, flat_layout(sum), fast).threads == 256);
  CHECK(choose_schedule(sum, family_layout(sum, Family::Rows), {}).threads == 256);
  CHECK(choose_schedule(sum, family_layout(sum, Family::Rows), fast).threads == 128);
  const auto rows = [](ScalarOp op, DType dtype, CudaTarget target) {
    const TraceGraph graph = single_op(op, dtype);
    return choose_schedule(graph, family_layout(graph, Family::Tile), target).rows();
  };
  CHECK(rows(ScalarOp::Add, DType::F32, {}) == 2 * rows(ScalarOp::Add, DType::F32, fast));
  CHECK(rows(ScalarOp::Neg, DType::F32, {}) == rows(ScalarOp::Neg, DType::F32, fast));
  const TraceGraph copy = single_op(ScalarOp::Neg, DType::F32);
  CHECK(choose_schedule(copy, family_layout(copy, Family::Tile), fast).blocks == 8);
  CHECK(choose_schedule(copy, family_layout(copy, Family::Tile), {}).blocks == 1);
  // Narrow elements, beside any memory of this architecture.
  constexpr CudaTarget other{80};
  CHECK(rows(ScalarOp::Add, DType::BF16, other) == 2 * rows(ScalarOp::Add, DType::BF16, {}));
  CHECK(rows(ScalarOp::Add, DType::BF16, {}) == rows(ScalarOp::Add, DType::BF16, fast));
}

TEST_CASE("blocks are small where bodies compute long between load and store") {
  const auto threads = [](ScalarOp op, Family family, bool is_aligned) {
    const TraceGraph graph = single_op(op, DType::F32);
    if (family == Family::Flat) return flat(graph).threads;
    return choose_schedule(graph, family_layout(graph, family, is_aligned), {}).threads;
  };
  CHECK(threads(ScalarOp::Pow, Family::Flat, true) == 128);
  CHECK(threads(ScalarOp::Exp, Family::Flat, true) == 256);
  CHECK(threads(ScalarOp::Exp, Family::Rows, true) == 256);
  CHECK(threads(ScalarOp::Exp, Family::Rows, false) == 128);
  CHECK(threads(ScalarOp::Add, Family::Rows, false) == 256);
}

TEST_CASE("unaligned rows move as many bytes at a time as aligned ones") {
  const TraceGraph graph = single_op(ScalarOp::Add, DType::BF16);
  CHECK(choose_schedule(graph, family_layout(graph, Family::Rows, false), {}) ==
        choose_schedule(graph, family_layout(graph, Family::Rows, true), {}));
}

TEST_CASE("a thread has several rows only where little is read and the body is short") {
  const auto rows = [](ScalarOp op, std::uint8_t rank) {
    const TraceGraph graph = single_op(op, DType::BF16);
    Layout layout = family_layout(graph, Family::Rows);
    layout.rank = rank;
    return choose_schedule(graph, layout, {}).unroll;
  };
  CHECK(rows(ScalarOp::Mul, 2) == 4);
  CHECK(rows(ScalarOp::Mul, 4) == 1);
  CHECK(rows(ScalarOp::Erf, 2) == 1);
}

TEST_CASE("a tile is as wide as the cache lines of what it moves, and packs narrow rows into four bytes") {
  const auto copy = [](DType dtype) {
    TraceBuilder trace("copy");
    trace.result(trace.tensor("x", dtype, dtype), dtype);
    return tile(trace.take());
  };
  for (DType dtype : {DType::U8, DType::BF16, DType::F32, DType::F64, DType::C128}) {
    const Schedule schedule = copy(dtype);
    const auto size = static_cast<int>(size_bytes(dtype));
    CAPTURE(to_string(schedule));
    CHECK(schedule.family == Family::Tile);
    CHECK(schedule.columns() * size >= 64);
    CHECK(schedule.rows() * size >= 256);
    CHECK(schedule.pack == std::max(1, 4 / size));
  }
  CHECK(tile(scaled_sum(DType::F32, DType::BF16, DType::F32)).pack == 2);
  CHECK(tile(single_op(ScalarOp::Neg, DType::F32), false).width == 1);
}

TEST_CASE("the tiles of all operands fit into 48 KiB, which every GPU has") {
  for (int operands = 1; operands <= 8; ++operands)
    for (DType dtype : {DType::U8, DType::BF16, DType::F32, DType::F64, DType::C128})
      for (bool is_aligned : {false, true}) {
        TraceBuilder trace("sum");
        for (int i = 0; i < operands; ++i) trace.tensor(std::string(1, static_cast<char>('a' + i)), dtype, dtype);
        trace.result(0, dtype);
        const Schedule schedule = tile(trace.take(), is_aligned);
        const auto size = static_cast<int>(size_bytes(dtype));
        const int skew = std::max(128 / schedule.lanes, size) * schedule.lanes;
        CAPTURE(operands, size, to_string(schedule));
        CHECK(operands * (schedule.columns() * schedule.rows() * size + skew) <= 48 * 1024);
      }
}

TEST_CASE("the family follows from the results' step, the rank and whether operands cross") {
  const TraceGraph graph = single_op(ScalarOp::Add, DType::F32);
  for (Family family : {Family::Flat, Family::Rows, Family::Tile, Family::Generic})
    for (bool is_aligned : {false, true})
      CHECK(choose_schedule(graph, family_layout(graph, family, is_aligned), {}).family == family);
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
  CHECK(to_string(Schedule{.blocks = 8}) == "family=flat width=4 unroll=1 threads=256 blocks=8");
  Layout layout = flat_layout(single_op(ScalarOp::Add, DType::F32));
  layout.rank = 4;
  layout.crossed = true;
  layout.operands[1].step = Step::Broadcast;
  CHECK(to_string(layout) == "rank=4 crossed x=contiguous@16 y=broadcast@16 out=contiguous@16");
  CHECK(to_string(tile(single_op(ScalarOp::Neg, DType::BF16))) ==
        "family=tile width=4 unroll=4 threads=256 lanes=16 pack=2");
}

}  // namespace gems::test
