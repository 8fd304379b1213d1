// Whole emitted files, to read and to compare. test/compiler/refresh-goldens writes them anew after an intended change.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "cuda_case.h"
#include "gems/ops/normalization.h"
#include "gems/ops/reduction.h"
#include "gems/ops/softmax.h"
#include "row_case.h"
#include "trace_builder.h"

namespace gems::test {
namespace {

void check_golden(const std::string& name, const TraceGraph& graph, const Layout& layout) {
  const std::string path = std::string(GOLDEN_FOLDER) + "/" + name + ".cu";
  const std::string text = emit_cuda(graph, layout, CudaTarget{90}).text;
  if (std::getenv("GEMS_REFRESH_GOLDENS") != nullptr) std::ofstream(path) << text;
  std::ostringstream expected;
  expected << std::ifstream(path).rdbuf();
  INFO(path << ": after an intended change run test/compiler/refresh-goldens");
  CHECK(text == expected.str());
}

TraceGraph silu_and_mul(DType dtype) {
  TraceBuilder trace("silu_and_mul");
  const int x = trace.tensor("x", dtype, opmath_of(dtype));
  const int y = trace.tensor("y", dtype, opmath_of(dtype));
  trace.result(trace.add(ScalarOp::Mul, {trace.add(ScalarOp::Mul, {x, trace.add(ScalarOp::Sigmoid, {x})}), y}), dtype);
  return trace.take();
}

}  // namespace

TEST_CASE("golden files are what the emitter prints", "[golden]") {
  check_golden("scaled_sum_f32_flat", scaled_sum(DType::F32, DType::F32, DType::F32), Layout{});
  check_golden("silu_and_mul_bf16_flat", silu_and_mul(DType::BF16), {});
  check_golden("less_f32_flat", single_op(ScalarOp::Lt, DType::F32), {});
  check_golden("floor_div_i32_flat", single_op(ScalarOp::FloorDiv, DType::I32), Layout{});
  check_golden("abs_c64_flat", single_op(ScalarOp::Abs, DType::C64), {});

  const TraceGraph add = single_op(ScalarOp::Add, DType::BF16);
  const TraceGraph neg = single_op(ScalarOp::Neg, DType::F32);
  check_golden("add_bf16_rows", add, {LayoutClass::Rows});
  check_golden("add_bf16_rows_outer", add, {LayoutClass::RowsOuter});
  check_golden("add_bf16_rows_unaligned", add, {LayoutClass::RowsUnaligned});
  check_golden("add_bf16_tile", add, {LayoutClass::Tile});
  check_golden("neg_f32_tile_unaligned", neg, {LayoutClass::TileUnaligned});
  check_golden("add_bf16_generic", add, {LayoutClass::Generic});
  check_golden("add_bf16_generic_wide", add, {LayoutClass::GenericWide});
  check_golden("scaled_sum_bf16_list", scaled_sum(DType::BF16, DType::BF16, DType::BF16), {LayoutClass::List});

  const TraceGraph softmax = row_trace(ops::softmax_op, {DType::F32});
  check_golden("softmax_f32_row_held", softmax, {LayoutClass::RowHeld, 0, 4});
  check_golden("softmax_f32_row_staged", softmax, {LayoutClass::RowStaged});
  check_golden("softmax_f32_row_looped", softmax, {LayoutClass::RowLooped});
  check_golden("softmax_f32_row_generic", softmax, {LayoutClass::RowGeneric});
  check_golden("softmax_bf16_row_held_unaligned", row_trace(ops::softmax_op, {DType::BF16}),
               {LayoutClass::RowHeldUnaligned, 0, 8});
  check_golden("layer_norm_bf16_row_held", row_trace(ops::layer_norm_op, {DType::BF16}), {LayoutClass::RowHeld, 0, 4});
  check_golden("layer_norm_gradient_bf16_row_held", gradient_trace(ops::layer_norm_op, DType::BF16, 7),
               {LayoutClass::RowHeld, 0, 4});
  check_golden("rms_norm_gradient_f32_row_looped", gradient_trace(ops::rms_norm_op, DType::F32, 3),
               {LayoutClass::RowLooped});
  check_golden("max_dim_f32_row_looped", row_trace(ops::max_dim_op, {DType::F32}), {LayoutClass::RowLooped});
}

}  // namespace gems::test
