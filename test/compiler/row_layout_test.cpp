// Layouts of rowwise calls as a pure function of trace, geometry and addresses.
#include "gems/compiler/row_layout.h"

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <random>
#include <set>

#include "gems/dsl.h"
#include "gems/ops/catalogue.h"
#include "gems/ops/fused_rows.h"
#include "gems/ops/nll_loss.h"
#include "gems/ops/normalization.h"
#include "gems/ops/reduction.h"
#include "gems/ops/softmax.h"
#include "row_case.h"

namespace gems::test {
namespace {

using namespace gems::dsl;

Layout chosen(const OpDef& op, DType dtype, std::int64_t length, int offset = 0, int pad = 0, int stride = 1) {
  return layout_of({.graph = row_trace(op, {dtype}),
                    .reduced = {length},
                    .kept = {2},
                    .pad = pad,
                    .offset = offset,
                    .stride = stride});
}

}  // namespace

TEST_CASE("rows are held by four or eight vectors a thread, and come through shared memory where they are longer") {
  CHECK(chosen(ops::softmax_op, DType::F32, 4) == Layout{LayoutClass::RowHeld, 0, 4});
  CHECK(chosen(ops::softmax_op, DType::F32, 8192) == Layout{LayoutClass::RowHeld, 0, 4});
  CHECK(chosen(ops::softmax_op, DType::F32, 8196) == Layout{LayoutClass::RowHeld, 0, 8});
  CHECK(chosen(ops::softmax_op, DType::BF16, 16384) == Layout{LayoutClass::RowHeld, 0, 4});
  CHECK(chosen(ops::softmax_op, DType::BF16, 32768) == Layout{LayoutClass::RowHeld, 0, 8});
  CHECK(chosen(ops::softmax_op, DType::BF16, 32776) == Layout{LayoutClass::RowStaged});
  CHECK(chosen(ops::softmax_op, DType::F32, 16384) == Layout{LayoutClass::RowHeld, 0, 8});
  CHECK(chosen(ops::softmax_op, DType::F32, 16388) == Layout{LayoutClass::RowStaged});
  // Two operands are held.
  CHECK(chosen(ops::softmax_backward_op, DType::F32, 16384) == Layout{LayoutClass::RowHeld, 0, 4});
  CHECK(chosen(ops::softmax_backward_op, DType::F32, 16388) == Layout{LayoutClass::RowStaged});
}

TEST_CASE("rows without a whole last vector are held up to 1536 vectors") {
  CHECK(chosen(ops::softmax_op, DType::F32, 6143) == Layout{LayoutClass::RowHeldUnaligned, 0, 4});
  CHECK(chosen(ops::softmax_op, DType::F32, 6145) == Layout{LayoutClass::RowStaged});
  CHECK(chosen(ops::softmax_op, DType::BF16, 50257) == Layout{LayoutClass::RowStaged});
  CHECK(chosen(ops::softmax_backward_op, DType::F32, 6145) == Layout{LayoutClass::RowStaged});
  // Where they begin decides nothing: their bits would depend on it.
  CHECK(chosen(ops::softmax_op, DType::F32, 8196, 1) == Layout{LayoutClass::RowHeldUnaligned, 0, 8});
}

TEST_CASE("rows that are read once are not held") {
  CHECK(chosen(ops::sum_op, DType::F32, 4) == Layout{LayoutClass::RowLooped});
  CHECK(chosen(ops::var_mean_op, DType::F32, 4096) == Layout{LayoutClass::RowLooped});
  CHECK(chosen(ops::rms_norm_op, DType::F32, 4096) == Layout{LayoutClass::RowHeld, 0, 4});
}

TEST_CASE("rows that begin or end elsewhere than vectors do are unaligned") {
  CHECK(chosen(ops::softmax_op, DType::F32, 1000, 1) == Layout{LayoutClass::RowHeldUnaligned, 0, 4});
  CHECK(chosen(ops::softmax_op, DType::F32, 1001) == Layout{LayoutClass::RowHeldUnaligned, 0, 4});
  CHECK(chosen(ops::softmax_op, DType::F32, 1000, 0, 2) == Layout{LayoutClass::RowHeldUnaligned, 0, 4});
  CHECK(chosen(ops::softmax_op, DType::F32, 1000, 0, 4) == Layout{LayoutClass::RowHeld, 0, 4});
  CHECK(chosen(ops::sum_op, DType::BF16, 1001) == Layout{LayoutClass::RowLoopedUnaligned});
}

TEST_CASE("other strides along a row have a kernel of their own") {
  CHECK(chosen(ops::softmax_op, DType::F32, 1000, 0, 0, 2) == Layout{LayoutClass::RowGeneric});
}

TEST_CASE("threads are not spent on rows of which single elements are read") {
  const TraceGraph picked = row_trace(ops::nll_loss_op, {DType::F32});
  for (const bool is_across : {false, true})
    for (const std::int64_t length : {1, 1000, 100'000})
      CHECK(layout_of({.graph = picked, .reduced = {length}, .kept = {2}, .is_across = is_across}) ==
            Layout{LayoutClass::Columns});
  CHECK(chosen(ops::nll_loss_gradient_op, DType::F32, 1000) == Layout{LayoutClass::RowHeld, 0, 4});
}

TEST_CASE("sums of products of up to eight rows have a kernel of their own where vectors of both are aligned") {
  const RowCase eight{
      .graph = row_trace(ops::dot_rows_op, {DType::BF16}, 3), .reduced = {64}, .kept = {40, 8}, .is_product = true};
  const auto changed = [&](auto change) {
    RowCase test = eight;
    change(test);
    return layout_of(test);
  };
  CHECK(layout_of(eight) == Layout{LayoutClass::Products});
  CHECK(changed([](RowCase& test) { test.kept = {40, 1}; }) == Layout{LayoutClass::Products});
  CHECK(changed([](RowCase& test) { test.kept = {40, 9}; }) == Layout{LayoutClass::RowLooped});
  CHECK(changed([](RowCase& test) { test.is_product = false; }) == Layout{LayoutClass::RowLooped});
  CHECK(changed([](RowCase& test) { test.offset = 1; }) == Layout{LayoutClass::RowLoopedUnaligned});
  CHECK(changed([](RowCase& test) { test.reduced = {60}; }) == Layout{LayoutClass::RowLoopedUnaligned});
  CHECK(changed([](RowCase& test) { test.graph = row_trace(ops::dot_rows_op, {DType::F32}, 3); }) ==
        Layout{LayoutClass::RowLooped});
  // A batch of pairs, of which a block has eight rows of one matrix.
  CHECK(changed([](RowCase& test) { test.kept = {40, 8, 3}; }) == Layout{LayoutClass::Products});
  CHECK(changed([](RowCase& test) { test.kept = {40, 1, 3}; }) == Layout{LayoutClass::Products});
  CHECK(changed([](RowCase& test) { test.kept = {7, 8, 3}; }) == Layout{LayoutClass::RowLooped});
  CHECK(changed([](RowCase& test) { test.kept = {1, 1, 3}; }) == Layout{LayoutClass::RowLooped});
  // One row of each, which blocks share where it is long.
  CHECK(changed([](RowCase& test) { test.kept = {1}; }) == Layout{LayoutClass::RowLooped});
  CHECK(changed([](RowCase& test) { test.kept = {1, 1}; }) == Layout{LayoutClass::RowLooped});
}

constexpr OpDef squares_and_products_op =
    rowwise({.name = "squares_and_products", .promotion_methods = {promote({0, 1}, Default)}},
            [](Tensor x, Tensor y) { return row_sum(x * x) + row_sum(x * y); });
constexpr OpDef chained_op = rowwise({.name = "chained", .promotion_methods = {promote({0, 1, 2}, Default)}},
                                     [](Tensor x, Tensor y, Tensor z) { return row_sum(x * y) + row_sum(y * z); });
constexpr OpDef three_op =
    rowwise({.name = "three", .promotion_methods = {promote({0, 1, 2, 3}, Default)}},
            [](Tensor x, Tensor y, Tensor z, Tensor w) { return row_sum(x * y) + row_sum(x * z) + row_sum(x * w); });
constexpr OpDef maximum_op = rowwise({.name = "maximum", .promotion_methods = {promote({0, 1, 2}, Default)}},
                                     [](Tensor x, Tensor y, Tensor z) { return row_sum(x * y) + row_max(x * z); });

TEST_CASE("two sums of products have it, too, where both have the first operand and different others") {
  const auto is_taken = [](const OpDef& op, const std::vector<DType>& dtypes) {
    return is_product(row_trace(op, dtypes));
  };
  CHECK(is_taken(ops::dot_rows_gate_op, {DType::BF16}));
  CHECK(is_taken(ops::dot_rows_gate_op, {DType::F16}));
  CHECK(is_taken(ops::dot_rows_act_op, {DType::F16}));
  CHECK(!is_taken(ops::dot_rows_gate_op, {DType::F32}));
  CHECK(!is_taken(ops::dot_rows_gate_op, {DType::BF16, DType::BF16, DType::F16}));
  CHECK(!is_taken(squares_and_products_op, {DType::BF16}));
  CHECK(!is_taken(chained_op, {DType::BF16}));
  CHECK(!is_taken(three_op, {DType::BF16}));
  CHECK(!is_taken(maximum_op, {DType::BF16}));
  const RowCase gate{
      .graph = row_trace(ops::dot_rows_gate_op, {DType::BF16}), .reduced = {64}, .kept = {40, 8}, .is_product = true};
  CHECK(layout_of(gate) == Layout{LayoutClass::Products});
}

TEST_CASE("a batch of products is walked matrix by matrix, in whatever order the dimensions lie") {
  const TraceGraph graph = row_trace(ops::dot_rows_op, {DType::BF16}, 3);
  // Eight of 64 columns: of 16 rows of the matrix, 3 others, and 5 pairs.
  constexpr std::array<std::int64_t, 3> sizes{16, 3, 5};
  constexpr std::array<std::int64_t, 3> of_first{0, 64, 192}, of_second{64, 0, 1024}, of_result{1, 16, 48};
  std::array order{0, 1, 2};
  do {
    Geometry geometry{.rank = 4, .reduced_rank = 1, .tensors = {2, 1}, .sizes = {64}, .strides = {}};
    geometry.strides[0][0] = geometry.strides[1][0] = 1;
    for (std::size_t d = 0; d < 3; ++d) {
      const auto from = static_cast<std::size_t>(order[d]);
      geometry.sizes[d + 1] = sizes[from];
      geometry.strides[0][d + 1] = of_first[from];
      geometry.strides[1][d + 1] = of_second[from];
      geometry.strides[2][d + 1] = of_result[from];
    }
    const auto space = row_space(graph, geometry, std::vector<std::uintptr_t>{1024, 2048, 4096}, {});
    REQUIRE(space.has_value());
    CHECK(space->layout == Layout{LayoutClass::Products});
    for (std::size_t d = 0; d < 3; ++d) {
      CHECK(space->geometry.sizes[d + 1] == sizes[d]);
      CHECK(space->geometry.strides[0][d + 1] == of_first[d]);
      CHECK(space->geometry.strides[1][d + 1] == of_second[d]);
      CHECK(space->geometry.strides[2][d + 1] == of_result[d]);
    }
  } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("dimensions of size 1 are added to the reduced and to the kept ones") {
  const TraceGraph graph = row_trace(ops::softmax_op, {DType::F32});
  Geometry geometry{.rank = 2, .reduced_rank = 0, .tensors = {1, 1}, .sizes = {5, 3}, .strides = {}};
  geometry.strides[0] = geometry.strides[1] = {3, 1};
  const std::uintptr_t addresses[] = {0x1000, 0x2000};
  const auto space = row_space(graph, geometry, addresses, {});
  REQUIRE(space.has_value());
  CHECK(space->geometry.rank == 4);
  CHECK(space->geometry.reduced_rank == 1);
  CHECK(space->geometry.sizes == std::array<std::int64_t, MaxRank>{1, 5, 3, 1, 1, 1, 1, 1});
  CHECK(space->geometry.strides[0][1] == 3);
  geometry.rank = 5;
  geometry.sizes = {2, 2, 2, 2, 2};
  CHECK(!row_space(graph, geometry, addresses, {}).has_value());
}

TEST_CASE("rows are held beside sums over all rows by threads that have registers for both, and are never across") {
  const auto chosen = [](DType dtype, std::int64_t length, bool is_across = false) {
    return layout_of({.graph = gradient_trace(ops::layer_norm_op, dtype, 7),
                      .reduced = {length},
                      .kept = {32},
                      .is_across = is_across});
  };
  CHECK(chosen(DType::BF16, 8192) == Layout{LayoutClass::RowHeld, 0, 4});
  CHECK(chosen(DType::BF16, 8200) == Layout{LayoutClass::RowLooped});
  CHECK(chosen(DType::F32, 8192) == Layout{LayoutClass::RowHeld, 0, 4});
  CHECK(chosen(DType::F32, 1001) == Layout{LayoutClass::RowHeldUnaligned, 0, 4});
  CHECK(chosen(DType::F32, 64, true) == Layout{LayoutClass::RowGeneric});
}

TEST_CASE("an op and its dtypes have eight kernels at most") {
  std::mt19937 random(1);
  for (const OpDef* op : ops::rowwise_catalogue().all())
    for (const DType dtype : {DType::F32, DType::BF16}) {
      std::set<Layout> layouts;
      const TraceGraph graph = row_trace(*op, {dtype});
      const std::size_t count = tensor_counts(graph).operands + tensor_counts(graph).results;
      for (int i = 0; i < 2000; ++i) {
        Geometry geometry{.tensors = tensor_counts(graph), .strides = {}};
        geometry.reduced_rank = static_cast<int>(random() % 3);
        geometry.rank = geometry.reduced_rank + static_cast<int>(random() % 4);
        for (int d = 0; d < geometry.rank; ++d)
          geometry.sizes[static_cast<std::size_t>(d)] = (1ll << random() % 10) + random() % 2;
        if (geometry.reduced_rank == 1)
          geometry.sizes[0] = (1ll << random() % 20) + (random() % 2 == 0 ? 0 : random() % 9);
        std::vector<std::uintptr_t> addresses(count);
        for (std::size_t t = 0; t < count; ++t) {
          std::int64_t stride = random() % 8 == 0 ? 2 : 1;
          for (std::size_t d = 0; d < static_cast<std::size_t>(geometry.rank); ++d) {
            geometry.strides[t][d] = stride;
            stride *= geometry.sizes[d] + (random() % 4 == 0 ? 1 : 0);
          }
          addresses[t] = 4096 + (random() % 4 == 0 ? 4 : 0);
        }
        if (const auto space = row_space(graph, geometry, addresses, {})) layouts.insert(space->layout);
      }
      INFO(op->name);
      CHECK(layouts.size() >= 2);
      CHECK(layouts.size() <= 8);
    }
}

}  // namespace gems::test
