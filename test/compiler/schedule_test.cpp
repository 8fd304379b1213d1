// Schedules as a pure function of dtypes, layout and target.
#include "gems/compiler/schedule.h"
#include "gems/compiler/row_layout.h"

#include <catch2/catch_test_macros.hpp>

#include "cuda_case.h"
#include "gems/compiler/tuning.h"
#include "gems/dsl.h"
#include "gems/dsl/error.h"
#include "gems/ops/fused_rows.h"
#include "gems/ops/normalization.h"
#include "gems/ops/reduction.h"
#include "gems/ops/softmax.h"
#include "row_case.h"
#include "trace_builder.h"

namespace gems::test {
namespace {

template <class S>
S chosen(const TraceGraph& graph, LayoutClass cls, CudaTarget target = {}) {
  return std::get<S>(choose_schedule(graph, {cls}, target));
}
FlatSchedule flat(const TraceGraph& graph, CudaTarget target = {}) {
  return chosen<FlatSchedule>(graph, LayoutClass::Flat, target);
}
RowsSchedule rows(const TraceGraph& graph, LayoutClass cls = LayoutClass::Rows, CudaTarget target = {}) {
  return chosen<RowsSchedule>(graph, cls, target);
}
TileSchedule tile(const TraceGraph& graph, LayoutClass cls = LayoutClass::Tile, CudaTarget target = {}) {
  return chosen<TileSchedule>(graph, cls, target);
}

}  // namespace

TEST_CASE("operands of one dtype move 16 bytes at a time") {
  CHECK(flat(single_op(ScalarOp::Add, DType::F32)).width == 4);
  CHECK(flat(single_op(ScalarOp::Add, DType::F16)).width == 8);
  CHECK(flat(single_op(ScalarOp::Add, DType::F64)).width == 2);
  CHECK(flat(single_op(ScalarOp::Add, DType::U8)).width == 16);
  CHECK(flat(single_op(ScalarOp::Add, DType::C128)).width == 1);
}

TEST_CASE("beside wide operands narrow ones still move four bytes at a time") {
  CHECK(flat(scaled_sum(DType::F32, DType::BF16, DType::F32)).width == 4);
  CHECK(flat(single_op(ScalarOp::Lt, DType::F32)).width == 4);
  CHECK(flat(single_op(ScalarOp::Lt, DType::F64)).width == 4);
  CHECK(flat(single_op(ScalarOp::IsNan, DType::F32)).width == 8);
  CHECK(flat(single_op(ScalarOp::IsNan, DType::F64)).width == 4);
}

TEST_CASE("an operand that the body does not read has no say in the width") {
  TraceBuilder trace("is_small");
  trace.tensor("x", DType::I64);
  trace.result(trace.literal(DType::Bool, 0), DType::Bool);
  CHECK(flat(trace.take()).width == 16);
}

TEST_CASE("one vector a thread is in flight where that is enough for the architecture") {
  const TraceGraph graph = single_op(ScalarOp::Neg, DType::F32);
  CHECK(flat(graph, CudaTarget{90}).unroll == 1);
  CHECK(flat(graph, CudaTarget{100}).unroll == 2);
  CHECK(flat(graph, CudaTarget{120}).unroll == 1);
}

TEST_CASE("heavy bodies compute at most eight elements a thread, long two-byte ones more beside fast memory") {
  constexpr CudaTarget fast{90, 4900};
  auto elements = [](const TraceGraph& graph, CudaTarget target) {
    const FlatSchedule schedule = flat(graph, target);
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

TEST_CASE("few elements have a thread for each where a thread would take long over its vector") {
  const auto few = [](ScalarOp op, DType dtype) { return flat(single_op(op, dtype)).few; };
  CHECK(few(ScalarOp::Pow, DType::F32) == 1 << 16);
  CHECK(few(ScalarOp::Sin, DType::BF16) == 1 << 16);
  CHECK(few(ScalarOp::Div, DType::F32) == 1 << 16);
  CHECK(few(ScalarOp::Div, DType::BF16) == 1);  // by an approximation
  CHECK(few(ScalarOp::TruncDiv, DType::BF16) == 1 << 16);
  CHECK(few(ScalarOp::IsNan, DType::F32) == 1 << 14);  // 32 bytes are read for a vector of 8
  CHECK(few(ScalarOp::Lt, DType::F32) == 1);
  CHECK(few(ScalarOp::Exp, DType::F32) == 1);
  CHECK(few(ScalarOp::Add, DType::BF16) == 1);
  CHECK(few(ScalarOp::Pow, DType::C128) == 1);  // vectors of one element
}

TEST_CASE("beside fast memory functions and rows have small blocks, and tiles of two operands are smaller") {
  constexpr CudaTarget fast{90, 4900};
  const TraceGraph function = single_op(ScalarOp::Erf, DType::F32);
  CHECK(flat(function).threads == 256);
  CHECK(flat(function, fast).threads == 128);
  const TraceGraph sum = single_op(ScalarOp::Add, DType::BF16);
  CHECK(flat(sum, fast).threads == 256);
  CHECK(rows(sum).threads == 256);
  CHECK(rows(sum, LayoutClass::Rows, fast).threads == 128);
  const auto tile_rows = [](ScalarOp op, DType dtype, CudaTarget target) {
    return tile(single_op(op, dtype), LayoutClass::Tile, target).rows();
  };
  CHECK(tile_rows(ScalarOp::Add, DType::F32, {}) == 2 * tile_rows(ScalarOp::Add, DType::F32, fast));
  CHECK(tile_rows(ScalarOp::Neg, DType::F32, {}) == tile_rows(ScalarOp::Neg, DType::F32, fast));
  const TraceGraph copy = single_op(ScalarOp::Neg, DType::F32);
  CHECK(tile(copy, LayoutClass::Tile, fast).min_blocks_per_sm == 8);
  CHECK(tile(copy).min_blocks_per_sm == 1);
  // Narrow elements, beside any memory of this architecture.
  constexpr CudaTarget other{80};
  CHECK(tile_rows(ScalarOp::Add, DType::BF16, other) == 2 * tile_rows(ScalarOp::Add, DType::BF16, {}));
  CHECK(tile_rows(ScalarOp::Add, DType::BF16, {}) == tile_rows(ScalarOp::Add, DType::BF16, fast));
}

TEST_CASE("blocks are small where bodies compute long between load and store") {
  const auto flat_threads = [](ScalarOp op) { return flat(single_op(op, DType::F32)).threads; };
  const auto row_threads = [](ScalarOp op, LayoutClass cls) { return rows(single_op(op, DType::F32), cls).threads; };
  CHECK(flat_threads(ScalarOp::Pow) == 128);
  CHECK(flat_threads(ScalarOp::Exp) == 256);
  CHECK(row_threads(ScalarOp::Exp, LayoutClass::Rows) == 256);
  CHECK(row_threads(ScalarOp::Exp, LayoutClass::RowsUnaligned) == 128);
  CHECK(row_threads(ScalarOp::Add, LayoutClass::RowsUnaligned) == 256);
}

TEST_CASE("unaligned rows move as many bytes at a time as aligned ones, without code of their own for whole vectors") {
  const TraceGraph graph = single_op(ScalarOp::Add, DType::BF16);
  RowsSchedule schedule = rows(graph, LayoutClass::RowsUnaligned);
  CHECK(schedule.whole_path == 0);
  schedule.whole_path = 1;
  CHECK(schedule == rows(graph));
}

TEST_CASE("a thread has several rows only where little is read and the body is short") {
  const auto unroll = [](ScalarOp op, LayoutClass cls) { return rows(single_op(op, DType::BF16), cls).unroll; };
  CHECK(unroll(ScalarOp::Mul, LayoutClass::RowsOuter) == 4);
  CHECK(unroll(ScalarOp::Mul, LayoutClass::Rows) == 1);
  CHECK(unroll(ScalarOp::Erf, LayoutClass::RowsOuter) == 1);
}

TEST_CASE("a tile is as wide as the cache lines of what it moves, and packs narrow rows into four bytes") {
  const auto copy = [](DType dtype) {
    TraceBuilder trace("copy");
    trace.result(trace.tensor("x", dtype, dtype), dtype);
    return tile(trace.take());
  };
  for (DType dtype : {DType::U8, DType::BF16, DType::F32, DType::F64, DType::C128}) {
    const TileSchedule schedule = copy(dtype);
    const auto size = static_cast<int>(size_bytes(dtype));
    CAPTURE(to_string(schedule));
    CHECK(schedule.columns() * size >= 64);
    CHECK(schedule.rows() * size >= 256);
    CHECK(schedule.rows_packed == std::max(1, 4 / size));
  }
  CHECK(tile(scaled_sum(DType::F32, DType::BF16, DType::F32)).rows_packed == 2);
  CHECK(tile(single_op(ScalarOp::Neg, DType::F32), LayoutClass::TileUnaligned).width == 1);
}

TEST_CASE("tiles that may be partial are computed a few vectors at a time, unless single elements are moved anyway") {
  const TileSchedule whole = tile(single_op(ScalarOp::Neg, DType::F32));
  CHECK(whole.vectors_per_thread() == 8);
  CHECK(whole.edge_vectors == 4);
  const TileSchedule unaligned = tile(single_op(ScalarOp::Neg, DType::F32), LayoutClass::TileUnaligned);
  CHECK(unaligned.edge_vectors == unaligned.vectors_per_thread());
  CHECK(unaligned.whole_path == 0);
}

TEST_CASE("the tiles of all operands fit into 48 KiB, which every GPU has") {
  for (int operands = 1; operands <= 8; ++operands)
    for (DType dtype : {DType::U8, DType::BF16, DType::F32, DType::F64, DType::C128})
      for (LayoutClass cls : {LayoutClass::Tile, LayoutClass::TileUnaligned}) {
        TraceBuilder trace("sum");
        for (int i = 0; i < operands; ++i) trace.tensor(std::string(1, static_cast<char>('a' + i)), dtype, dtype);
        trace.result(0, dtype);
        const TileSchedule schedule = tile(trace.take(), cls);
        const auto size = static_cast<int>(size_bytes(dtype));
        const int skew = std::max(128 / schedule.threads_x, size) * schedule.threads_x;
        CAPTURE(operands, size, to_string(schedule));
        CHECK(operands * (schedule.columns() * schedule.rows() * size + skew) <= 48 * 1024);
      }
}

namespace {

constexpr OpDef many_reductions_op =
    dsl::rowwise({.name = "many", .promotion_methods = {dsl::promote({0}, dsl::Default)}}, [](dsl::Tensor x) {
      dsl::Expr all = x;
      for (int i = 1; i < 10; ++i) all = all + dsl::row_moments(x * i).mean;
      return all;
    });

}  // namespace

TEST_CASE("a thread has as many slots for staged rows as shared memory leaves room for, up to 13") {
  const auto staged = [](const OpDef& op, DType dtype, int arch = 90) {
    return std::get<StagedSchedule>(choose_schedule(row_trace(op, {dtype}), {LayoutClass::RowStaged}, {.arch = arch}));
  };
  CHECK(staged(ops::softmax_op, DType::F32) ==
        StagedSchedule{.width = 4, .threads = 1024, .slots = 13, .bytes = 16, .cluster = 8});
  CHECK(staged(ops::softmax_op, DType::BF16).width == 8);
  CHECK(staged(ops::softmax_backward_op, DType::F32) ==
        StagedSchedule{.width = 4, .threads = 1024, .slots = 6, .bytes = 32, .cluster = 8});
  CHECK(staged(ops::softmax_op, DType::F32, 120).slots == 5);
  // Where there are many reductions, what they exchange takes room, too.
  CHECK(staged(many_reductions_op, DType::F64).slots == 11);
  // Ops without such kernels.
  const Layout layout{LayoutClass::RowStaged};
  CHECK_FALSE(problem_of(choose_schedule(row_trace(ops::sum_op, {DType::F32}), layout, {}), layout.cls).empty());
  CHECK_FALSE(is_staged(row_trace(ops::sum_op, {DType::F32}), {}));
  CHECK_FALSE(is_staged(row_trace(ops::softmax_op, {DType::F32}), {.arch = 80}));
  CHECK(is_staged(row_trace(ops::softmax_op, {DType::F32}), {}));
}

TEST_CASE("a thread holds four or eight vectors of a row, of the widest tensor that varies along it") {
  const auto held = [](const OpDef& op, const std::vector<DType>& dtypes, std::uint8_t vectors) {
    return std::get<HeldSchedule>(choose_schedule(row_trace(op, dtypes), {LayoutClass::RowHeld, 0, vectors}, {}));
  };
  CHECK(held(ops::softmax_op, {DType::F32}, 4) ==
        HeldSchedule{.width = 4, .vectors = 4, .threads = 1024, .block = 128});
  CHECK(held(ops::softmax_op, {DType::BF16}, 8).width == 8);
  CHECK(held(ops::softmax_op, {DType::BF16}, 8).vectors == 8);
  // A weight is not held.
  CHECK(held(ops::layer_norm_op, {DType::BF16, DType::F32, DType::F32}, 4).width == 4);
  CHECK(held(ops::rms_norm_op, {DType::BF16}, 4).width == 8);
  const auto looped = [](const OpDef& op, DType dtype) {
    return std::get<LoopedSchedule>(choose_schedule(row_trace(op, {dtype}), {LayoutClass::RowLooped}, {}));
  };
  CHECK(looped(ops::softmax_op, DType::F32) == LoopedSchedule{.width = 4, .threads = 1024, .few = 2048, .held = 4096});
  CHECK(looped(ops::softmax_backward_op, DType::F32).held == 4096);
  CHECK(looped(ops::sum_op, DType::F32) == LoopedSchedule{.width = 4,
                                                          .threads = 128,
                                                          .min_blocks_per_sm = 8,
                                                          .few = 1024,
                                                          .few_threads = 64,
                                                          .held = 0,
                                                          .ragged = 0,
                                                          .ragged_threads = 128,
                                                          .chunk = 16384,
                                                          .partial = 16});
}

TEST_CASE(
    "a row of which sums over all rows are made has threads with registers for them, and blocks walk over the rows") {
  const auto held = [](const OpDef& op, DType dtype, PositionSet wanted) {
    return std::get<HeldSchedule>(
        choose_schedule(gradient_trace(op, dtype, wanted), {LayoutClass::RowHeld, 0, 4}, {.arch = 90}));
  };
  const HeldSchedule both{.width = 4, .vectors = 4, .threads = 512, .sums = 8, .processors = 132, .ahead = 1};
  CHECK(held(ops::layer_norm_op, DType::BF16, 7) == both);
  // The next row of two operands of f32 would take 32 registers.
  CHECK(held(ops::layer_norm_op, DType::F32, 7).ahead == 0);
  CHECK(held(ops::rms_norm_op, DType::BF16, 3).sums == 4);
  CHECK(held(ops::rms_norm_op, DType::BF16, 1).sums == 0);
  CHECK(held(ops::rms_norm_op, DType::BF16, 1).width == 8);
  const auto looped = std::get<LoopedSchedule>(
      choose_schedule(gradient_trace(ops::layer_norm_op, DType::F32, 7), {LayoutClass::RowLooped}, {.arch = 90}));
  CHECK(looped == LoopedSchedule{.width = 4,
                                 .threads = 512,
                                 .few = 2048,
                                 .few_threads = 512,
                                 .held = 2048,
                                 .ragged = 2048,
                                 .sums = 8,
                                 .processors = 132});
  CHECK(has_fold(Schedule(looped)));
}

TEST_CASE("a thread has as many vectors of one matrix as of two together") {
  const auto vectors = [](const OpDef& op) {
    return std::get<ProductsSchedule>(choose_schedule(row_trace(op, {DType::BF16}), {LayoutClass::Products}, {}))
        .vectors;
  };
  CHECK(vectors(ops::dot_rows_op) == tuning::ProductVectors);
  CHECK(vectors(ops::dot_rows_act_op) == tuning::ProductVectors);
  CHECK(2 * vectors(ops::dot_rows_gate_op) == tuning::ProductVectors);
}

TEST_CASE("a schedule is of the family of its layout class") {
  const TraceGraph sum = single_op(ScalarOp::Add, DType::F32);
  const TraceGraph softmax = row_trace(ops::softmax_op, {DType::F32});
  for (std::size_t i = 0; i < layout_table.size(); ++i) {
    const auto cls = static_cast<LayoutClass>(i);
    const Layout layout{cls, 0, static_cast<std::uint8_t>(traits(cls).family == Family::Held ? 4 : 0)};
    CHECK(family_of(choose_schedule(is_rowwise(cls) ? softmax : sum, layout, {})) == traits(cls).family);
  }
}

TEST_CASE("the emitter obeys the schedule that choose_schedule gives") {
  for (ScalarOp op : all_scalar_ops()) {
    const TraceGraph graph = single_op(op, is_defined(op, DType::F32)   ? DType::F32
                                           : is_defined(op, DType::I32) ? DType::I32
                                                                        : DType::C64);
    const Layout layout;
    CHECK(emit_cuda(graph, layout, CudaTarget{90}).schedule == choose_schedule(graph, layout, CudaTarget{90}));
  }
}

TEST_CASE("schedules and layouts print canonically") {
  CHECK(to_string(FlatSchedule{}) == "family=flat width=4 unroll=1 threads=256 few=1");
  CHECK(to_string(rows(single_op(ScalarOp::Neg, DType::F32))) ==
        "family=rows width=4 unroll=1 threads=256 whole_path=1");
  CHECK(to_string(GenericSchedule{}) == "family=generic unroll=4 threads=256");
  CHECK(to_string(Layout{LayoutClass::RowsUnaligned}) == "rows_unaligned");
  CHECK(to_string(Layout{LayoutClass::Flat, 0b101}) == "flat single=0,2");
  CHECK(to_string(innermost_dimension({LayoutClass::Flat, 0b10}, {2, 1})) == "contiguous broadcast -> contiguous");
  CHECK(to_string(innermost_dimension({LayoutClass::Generic}, {1, 1})) == "strided -> strided");
  CHECK(to_string(tile(single_op(ScalarOp::Neg, DType::BF16))) ==
        "family=tile width=4 unroll=4 threads=256 min_blocks_per_sm=1 threads_x=16 rows_packed=2 whole_path=1 "
        "edge_vectors=4");
}

}  // namespace gems::test
