// The families of rowwise kernels on many lengths, alignments and strides, as host C++, against the interpreter.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <span>

#include "dsl/random_traces.h"
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

// The value at an index beside a reduction, and one that is found after it.
constexpr OpDef picked_op =
    dsl::rowwise({.name = "picked",
                  .promotion_methods = {dsl::promote({0}, dsl::Default), dsl::promote({0}, dsl::Default)},
                  .names = {"x", "target"}},
                 [](dsl::Tensor x, dsl::Row target) {
                   const dsl::Expr sum = dsl::row_sum(x);
                   return dsl::outputs(sum - dsl::pick(x, target), dsl::pick(x * sum, target));
                 });

// The same where results are elements.
constexpr OpDef picked_and_scaled_op = dsl::rowwise(
    {.name = "picked_and_scaled", .promotion_methods = {dsl::promote({0}, dsl::Default)}, .names = {"x", "target"}},
    [](dsl::Tensor x, dsl::Row target) { return x * dsl::row_sum(x) + dsl::pick(x, target); });

// Two reductions of different values in one sweep, another sweep after it, the index and the length.
constexpr OpDef several_op =
    dsl::rowwise({.name = "several",
                  .promotion_methods = {dsl::promote({0, 1}, dsl::Default), dsl::promote({0}, dsl::Default)},
                  .names = {"x", "weight", "shift"}},
                 [](dsl::Tensor x, dsl::Column weight, dsl::Row shift) {
                   const dsl::Expr greatest = dsl::row_max(x * weight);
                   const dsl::Expr least = dsl::row_min(x + shift);
                   const dsl::Expr sum = dsl::row_sum((x - greatest) * least);
                   const dsl::Expr place = dsl::cast_like(dsl::row_index(x), x) + dsl::cast_like(dsl::row_length(x), x);
                   return dsl::outputs(x * weight + place, sum);
                 });

// Sums over all rows with no reduction of a row, and of what depends on one.
constexpr OpDef column_sums_op = dsl::rowwise(
    {.name = "column_sums", .promotion_methods = {dsl::promote({0, 1}, dsl::Default), dsl::promote({0}, dsl::Default)}},
    [](dsl::Tensor x, dsl::Tensor y) { return dsl::outputs(dsl::column_sum(x * y), dsl::column_sum(x - y)); });
constexpr OpDef scaled_sums_op =
    dsl::rowwise({.name = "scaled_sums",
                  .promotion_methods = {dsl::promote({0}, dsl::Default), dsl::promote({0}, dsl::Default),
                                        dsl::promote({0}, dsl::Default)}},
                 [](dsl::Tensor x) {
                   const dsl::Expr sum = dsl::row_sum(x);
                   return dsl::outputs(dsl::column_sum(x * sum), sum, x + sum);
                 });

// An element of the row beside sums over all rows; operands called as variables of the kernel are.
constexpr OpDef picked_sums_op =
    dsl::rowwise({.name = "picked_sums",
                  .promotion_methods = {dsl::promote({0, 1}, dsl::Default), dsl::promote({0, 1}, dsl::Default)},
                  .names = {"sums", "scratch", "turn"}},
                 [](dsl::Tensor x, dsl::Column weight, dsl::Row target) {
                   const dsl::Expr value = x * weight + dsl::pick(x, target) * dsl::row_max(x);
                   return dsl::outputs(value, dsl::column_sum(value));
                 });
constexpr OpDef named_sums_op =
    dsl::rowwise({.name = "named_sums",
                  .promotion_methods = {dsl::promote({0, 1}, dsl::Default)},
                  .names = {"first_row", "load_row", "parts"}},
                 [](dsl::Tensor x, dsl::Tensor y, dsl::Row z) { return dsl::column_sum(x * y + z); });

std::vector<std::int64_t> lengths(std::int64_t width) {
  return {0,          1,          width - 1,  width,       width + 1,       3 * width,
          31 * width, 32 * width, 33 * width, 129 * width, 130 * width + 1, 600 * width};
}

}  // namespace

TEST_CASE("reductions find each element of a row of any length once") {
  std::vector<RowCase> cases;
  for (const DType dtype : {DType::F32, DType::BF16, DType::I64, DType::I8, DType::Bool}) {
    const auto width = static_cast<std::int64_t>(16 / size_bytes(dtype));
    for (const OpDef* op : {&ops::sum_op, &ops::amax_op, &ops::amin_op, &ops::max_dim_op, &ops::argmin_op, &ops::any_op,
                            &ops::all_op, &ops::count_nonzero_op})
      for (const std::int64_t length : lengths(width))
        cases.push_back({.graph = row_trace(*op, {dtype}), .reduced = {length}, .kept = {3}});
    cases.push_back({.graph = row_trace(ops::prod_op, {dtype}),
                     .reduced = {35 * width + 1},
                     .kept = {2},
                     .values = RowValues::Signs});
  }
  check_rows_on_host(cases, 1);
}

TEST_CASE("a sum of complex numbers is that of their parts, and a mean is divided") {
  std::vector<RowCase> cases;
  for (const DType dtype : {DType::C64, DType::C128})
    for (const std::int64_t length : {0, 1, 7, 300})
      for (const OpDef* op : {&ops::sum_op, &ops::mean_op})
        cases.push_back({.graph = row_trace(*op, {dtype}), .reduced = {length}, .kept = {2}, .tolerance = 1e-6});
  check_rows_on_host(cases, 2);
}

TEST_CASE("moments and sums of exponentials are those of a row of any length") {
  std::vector<RowCase> cases;
  for (const DType dtype : {DType::F32, DType::BF16, DType::F64}) {
    const double tolerance = dtype == DType::F64 ? 1e-12 : dtype == DType::F32 ? 2e-6 : 8e-3;
    for (const OpDef* op : {&ops::var_mean_op, &ops::std_op, &ops::logsumexp_op})
      for (const std::int64_t length : lengths(16 / static_cast<std::int64_t>(size_bytes(dtype))))
        cases.push_back({.graph = row_trace(*op, {dtype}),
                         .reduced = {length},
                         .kept = {2},
                         .values = RowValues::Moderate,
                         .tolerance = tolerance});
  }
  check_rows_on_host(cases, 3);
}

TEST_CASE("rows that are held give each element its result") {
  std::vector<RowCase> cases;
  for (const DType dtype : {DType::F32, DType::BF16}) {
    const auto width = static_cast<std::int64_t>(16 / size_bytes(dtype));
    std::vector<std::int64_t> all = lengths(width);
    all.push_back(2049 * width);  // eight vectors a thread
    for (const OpDef* op :
         {&ops::softmax_op, &ops::log_softmax_op, &ops::softmax_backward_op, &ops::layer_norm_op, &ops::rms_norm_op})
      for (const std::int64_t length : all)
        cases.push_back({.graph = row_trace(*op, {dtype}),
                         .reduced = {length},
                         .kept = {length > 1000 ? 2 : 19},
                         .values = RowValues::Moderate,
                         .tolerance = dtype == DType::F32 ? 1e-5 : 1.6e-2});
  }
  check_rows_on_host(cases, 4);
}

TEST_CASE("rows that are longer than threads can hold come through shared memory") {
  std::vector<RowCase> cases;
  for (const DType dtype : {DType::F32, DType::BF16, DType::F64}) {
    const auto width = static_cast<std::int64_t>(16 / size_bytes(dtype));
    for (const OpDef* op : {&ops::softmax_op, &ops::layer_norm_op, &ops::softmax_backward_op})
      // Of one block, and of clusters.
      for (const std::int64_t length : {4097 * width, 14000 * width + 1})
        for (const int offset : {0, 1}) {
          cases.push_back({.graph = row_trace(*op, {dtype}),
                           .reduced = {length},
                           .kept = {3},
                           .values = op == &ops::softmax_backward_op ? RowValues::Counting : RowValues::Moderate,
                           .tolerance = dtype == DType::BF16 ? 1.6e-2 : 1e-5,
                           .offset = offset});
          CHECK(layout_of(cases.back()).cls == LayoutClass::RowStaged);
        }
  }
  cases.push_back({.graph = row_trace(several_op, {DType::F32}), .reduced = {17003}, .kept = {3}});
  CHECK(layout_of(cases.back()).cls == LayoutClass::RowStaged);
  check_rows_on_host(cases, 5);
}

TEST_CASE("looped rows are walked along in each sweep") {
  std::vector<RowCase> cases;
  for (const std::int64_t length : {4 * 8192 + 4, 6145})
    for (const int offset : {0, 1}) {
      cases.push_back({.graph = row_trace(picked_and_scaled_op, {DType::F32, DType::I64}),
                       .reduced = {length},
                       .kept = {2},
                       .tolerance = 1e-5,
                       .offset = offset});
      const bool is_aligned = offset == 0 && length % 4 == 0;
      CHECK(layout_of(cases.back()).cls == (is_aligned ? LayoutClass::RowLooped : LayoutClass::RowLoopedUnaligned));
    }
  check_rows_on_host(cases, 20);
}

TEST_CASE("the results of staged rows go by words of memory, whatever comes before the first and after the last") {
  std::vector<RowCase> cases;
  for (const DType dtype : {DType::F32, DType::BF16}) {
    const auto width = static_cast<std::int64_t>(16 / size_bytes(dtype));
    for (const OpDef* op : {&ops::softmax_op, &ops::softmax_backward_op, &ops::layer_norm_op})
      for (const std::int64_t left : {std::int64_t{1}, width - 1})
        for (const int offset : {0, 1, 3})
          for (const int apart : {0, 1}) {  // operands and results begin alike, or not
            cases.push_back({.graph = row_trace(*op, {dtype}),
                             .reduced = {2048 * width + left},
                             .kept = {3},
                             .values = op == &ops::softmax_backward_op ? RowValues::Counting : RowValues::Moderate,
                             .tolerance = dtype == DType::F32 ? 1e-5 : 1.6e-2,
                             .offset = offset,
                             .apart = apart});
            CHECK(layout_of(cases.back()).cls == LayoutClass::RowStaged);
          }
  }
  check_rows_on_host(cases, 19);
}

TEST_CASE("rows begin anywhere, and elements follow each other at any distance and in several dimensions") {
  std::vector<RowCase> cases;
  for (const DType dtype : {DType::F32, DType::BF16})
    for (const OpDef* op : {&ops::softmax_op, &ops::layer_norm_op, &ops::sum_op, &ops::max_dim_op}) {
      const double tolerance = dtype == DType::F32 ? 1e-5 : 1.6e-2;
      const RowCase one{.graph = row_trace(*op, {dtype}),
                        .reduced = {77},
                        .kept = {3, 2, 2},
                        .values = RowValues::Moderate,
                        .tolerance = tolerance};
      for (int offset = 0; offset < 4; ++offset)
        for (const int pad : {0, 3}) {
          cases.push_back(one);
          cases.back().offset = offset;
          cases.back().pad = pad;
        }
      cases.push_back(one);
      cases.back().stride = 2;
      cases.push_back(one);
      cases.back().kept = {2, 1, 3, 2};
      cases.push_back(one);
      cases.back().reduced = {5, 7, 3};
      cases.back().is_reordered = true;
      cases.push_back(one);
      cases.back().reduced = {9, 4, 2, 2};
      cases.back().is_reordered = true;
    }
  check_rows_on_host(cases, 6);
}

TEST_CASE("several reductions share a sweep, and values of rows and columns join elements") {
  std::vector<RowCase> cases;
  for (const std::int64_t length : {1, 6, 64, 700})
    for (const int stride : {1, 2})
      cases.push_back(
          {.graph = row_trace(several_op, {DType::F32}), .reduced = {length}, .kept = {5}, .stride = stride});
  check_rows_on_host(cases, 7);
}

TEST_CASE("a value is picked by its index, and is zero where the row has no such element") {
  std::vector<RowCase> cases;
  for (const std::int64_t length : {0, 1, 2, 40})
    for (const int stride : {1, 2})
      for (const TraceGraph& graph : {row_trace(picked_op, {DType::F32, DType::I64}),
                                      row_trace(ops::nll_loss_op, {DType::F32, DType::I64, DType::F32})})
        cases.push_back({.graph = graph, .reduced = {length}, .kept = {11}, .stride = stride});
  check_rows_on_host(cases, 8);
}

TEST_CASE("NaN and infinities reach the results that they have to") {
  std::vector<RowCase> cases;
  for (const OpDef* op : {&ops::sum_op, &ops::amax_op, &ops::min_dim_op, &ops::argmax_op, &ops::softmax_op,
                          &ops::logsumexp_op, &ops::var_op, &ops::layer_norm_op})
    for (const std::int64_t length : {1, 3, 20})
      for (const int stride : {1, 2})
        cases.push_back({.graph = row_trace(*op, {DType::F32}),
                         .reduced = {length},
                         .kept = {24},
                         .values = RowValues::Special,
                         .tolerance = 1e-5,
                         .stride = stride});
  check_rows_on_host(cases, 9);
}

TEST_CASE("blocks that share a long row find each of its elements once, in its order") {
  std::vector<RowCase> cases;
  for (const OpDef* op : {&ops::sum_op, &ops::max_dim_op, &ops::var_mean_op, &ops::logsumexp_op})
    for (const std::int64_t length : {16384, 16385, 3 * 16384 - 1})
      for (const int offset : {0, 1})
        cases.push_back({.graph = row_trace(*op, {DType::F32}),
                         .reduced = {length},
                         .kept = {2},
                         .values = op == &ops::sum_op ? RowValues::Counting : RowValues::Moderate,
                         .tolerance = op == &ops::sum_op ? 0 : 1e-5,
                         .offset = offset});
  check_rows_on_host(cases, 11);
}

TEST_CASE("rows that lie across are found by neighbouring threads") {
  std::vector<RowCase> cases;
  for (const DType dtype : {DType::F32, DType::BF16, DType::I64})
    for (const OpDef* op :
         {&ops::sum_op, &ops::argmax_op, &ops::amin_op, &ops::var_mean_op, &ops::softmax_op, &ops::layer_norm_op})
      for (const std::int64_t length : {1, 5, 63, 64, 1024, 1025, 2500}) {
        if (dtype == DType::I64 && op != &ops::sum_op && op != &ops::argmax_op && op != &ops::amin_op) continue;
        cases.push_back({.graph = row_trace(*op, {dtype}),
                         .reduced = {length},
                         .kept = {length > 1000 ? 17 : 70, 2},
                         .values = op == &ops::sum_op ? RowValues::Counting : RowValues::Moderate,
                         .tolerance = dtype == DType::F32 ? 1e-5 : 1.6e-2,
                         .is_across = true});
        if (length > 1) CHECK(layout_of(cases.back()).cls == LayoutClass::Columns);
      }
  check_rows_on_host(cases, 12);
}

TEST_CASE(
    "products of a few rows with those of a matrix are found by tensor cores, in the same bits for one row and eight") {
  std::vector<RowCase> cases;
  for (const DType dtype : {DType::BF16, DType::F16})
    for (const TraceGraph& graph :
         {row_trace(ops::dot_rows_op, {dtype}), row_trace(ops::dot_rows_op, {dtype}, 3),
          row_trace(ops::dot_rows_act_op, {dtype}), row_trace(ops::dot_rows_gate_op, {dtype})})
      for (const std::int64_t length : {8, 136, 2056})
        for (const std::int64_t many : {2, 9})
          for (const std::int64_t few : {1, 3, 8})
            for (const int pad : {0, 8}) {
              const bool is_plain = graph.operands.size() == 2;
              if (length > 1000 ? many == 2 || pad > 0 : is_plain && pad > 0) continue;
              cases.push_back({.graph = graph,
                               .reduced = {length},
                               .kept = {many, few},
                               .values = RowValues::Moderate,
                               .tolerance = dtype == DType::F16 ? 1e-3 : 8e-3,
                               .pad = pad,
                               .is_product = true});
              CHECK(layout_of(cases.back()) == Layout{LayoutClass::Products});
              if (length != 136 || many == 2 || pad > 0) continue;
              cases.push_back(cases.back());
              cases.back().kept = {many, few, 3};
              CHECK(layout_of(cases.back()) == Layout{LayoutClass::Products});
            }
  const auto results = check_rows_on_host(cases, 18);
  for (std::size_t i = 0; i + 1 < cases.size(); ++i)
    for (std::size_t j = i + 1; j < cases.size(); ++j)
      if (cases[i].graph == cases[j].graph && cases[i].reduced == cases[j].reduced &&
          cases[i].kept[0] == cases[j].kept[0] && cases[i].pad == cases[j].pad) {
        // Of the first pair of a batch.
        const auto common =
            static_cast<std::size_t>(2 * cases[i].kept[0] * std::min(cases[i].kept[1], cases[j].kept[1]));
        CHECK(std::ranges::equal(std::span(results[i]).first(common), std::span(results[j]).first(common)));
      }
}

TEST_CASE("blocks that walk over the rows sum each row once, whatever their number and the layout") {
  std::vector<RowCase> cases;
  for (const DType dtype :
       {DType::F32, DType::BF16, DType::F16, DType::F64, DType::I32, DType::I8, DType::C64, DType::C32})
    for (const OpDef* op : {&column_sums_op, &scaled_sums_op})
      for (const std::int64_t length : {1, 7, 64, 203, 1200})
        for (const std::int64_t rows : {1, 9, 75}) {
          const RowCase one{.graph = row_trace(*op, {dtype}), .reduced = {length}, .kept = {rows}, .processors = 1};
          if (length == 1200 && rows == 75) continue;
          cases.push_back(one);
          if (rows != 9 || length == 1) continue;
          for (const int offset : {1, 2}) {
            cases.push_back(one);
            cases.back().offset = offset;
          }
          cases.push_back(one);
          cases.back().stride = 2;
          cases.push_back(one);
          cases.back().reduced = {length, 3};
          cases.back().is_reordered = true;
          cases.push_back(one);
          cases.back().kept = {20, 2};
          cases.back().is_across = true;
          CHECK(layout_of(cases.back()).cls == LayoutClass::RowGeneric);
        }
  check_rows_on_host(cases, 13);
}

TEST_CASE("the gradients of a norm are found in one walk over the rows, held and longer than a thread's registers") {
  std::vector<RowCase> cases;
  for (const OpDef* op : {&ops::layer_norm_op, &ops::rms_norm_op})
    for (const DType dtype : {DType::F32, DType::BF16, DType::F64})
      for (const std::int64_t length : {1, 40, 130, 1024, 12300})
        for (const int offset : {0, 1}) {
          cases.push_back({.graph = gradient_trace(*op, dtype, op == &ops::layer_norm_op ? 7 : 3),
                           .reduced = {length},
                           .kept = {length > 1000 ? 3 : 37},
                           .values = RowValues::Moderate,
                           .tolerance = dtype == DType::BF16 ? 1.6e-2 : 1e-4,
                           .offset = offset,
                           .processors = 1});
          const LayoutClass cls = layout_of(cases.back()).cls;
          CHECK((traits(cls).family == Family::Looped) == (length > 10000));
        }
  check_rows_on_host(cases, 14);
}

TEST_CASE("a rowwise op without a reduction is computed element by element, and its gradient sums up columns") {
  std::vector<RowCase> cases;
  for (const DType dtype : {DType::F32, DType::BF16})
    for (const std::int64_t length : {1, 40, 130, 1030})
      for (const int offset : {0, 1}) {
        cases.push_back({.graph = row_trace(ops::bias_act_op, {dtype}),
                         .reduced = {length},
                         .kept = {37},
                         .values = RowValues::Moderate,
                         .tolerance = dtype == DType::BF16 ? 1.6e-2 : 1e-4,
                         .offset = offset});
        cases.push_back(cases.back());
        cases.back().graph = gradient_trace(ops::bias_act_op, dtype, 3);
        cases.back().processors = 1;
        CHECK(traits(layout_of(cases.back()).cls).family == Family::Held);
      }
  check_rows_on_host(cases, 15);
}

TEST_CASE("elements are picked beside sums over all rows, whatever operands are called") {
  std::vector<RowCase> cases;
  for (const std::int64_t length : {3, 40, 300})
    for (const int offset : {0, 1})
      for (const int stride : {1, 2}) {
        cases.push_back({.graph = row_trace(picked_sums_op, {DType::F32, DType::F32, DType::I64}),
                         .reduced = {length},
                         .kept = {70},
                         .offset = offset,
                         .stride = stride,
                         .processors = 1});
        cases.push_back(cases.back());
        cases.back().graph = row_trace(named_sums_op, {DType::BF16});
      }
  check_rows_on_host(cases, 17);
}

TEST_CASE("random bodies have their sums over all rows") {
  std::vector<RowCase> cases;
  for (std::uint32_t seed = 0; cases.size() < 40; ++seed) {
    const TraceGraph graph = random_rowwise_trace(seed, true);
    const bool sums = std::ranges::any_of(graph.results, [](const auto& r) { return r.extent == Extent::Column; });
    if (!sums) continue;
    cases.push_back({.graph = graph,
                     .reduced = {50 + seed % 7},
                     .kept = {45},
                     .values = RowValues::Tame,
                     .tolerance = 2e-2,
                     .stride = 1 + static_cast<int>(seed % 2),
                     .processors = 1});
  }
  check_rows_on_host(cases, 15);
}

TEST_CASE("sums over all rows are 0 where there are no rows") {
  check_rows_on_host({{.graph = row_trace(scaled_sums_op, {DType::F32}), .reduced = {50}, .kept = {0}}}, 16);
}

TEST_CASE("a row's bits depend on its values and its length alone, also beside sums over all rows") {
  for (const std::int64_t length : {64, 1000, 5000}) {
    const RowCase first{.graph = gradient_trace(ops::layer_norm_op, DType::F32, 7),
                        .reduced = {length},
                        .kept = {1},
                        .values = RowValues::Moderate,
                        .tolerance = 1e-4,
                        .processors = 1};
    std::vector<RowCase> cases(4, first);
    cases[1].kept = {9};
    cases[2].offset = 1;
    cases[3].stride = 3;
    const auto results = check_rows_on_host(cases, 18);
    for (const auto& other : results)
      CHECK(std::equal(other.begin(), other.begin() + 4 * static_cast<std::ptrdiff_t>(length), results[0].begin()));
  }
}

TEST_CASE("a row's bits depend on its values and its length alone") {
  for (const OpDef* op : {&ops::softmax_op, &ops::layer_norm_op, &ops::var_mean_op, &ops::sum_op, &ops::logsumexp_op})
    for (const std::int64_t length : {64, 1000, 9000, 17000, 17001}) {
      const RowCase first{.graph = row_trace(*op, {DType::F32}),
                          .reduced = {length},
                          .kept = {1},
                          .values = RowValues::Moderate,
                          .tolerance = 1e-5};
      std::vector<RowCase> cases(5, first);
      cases[1].kept = {5};
      cases[2].offset = 1;
      cases[3].pad = 1;
      // Longer rows of other strides are another kernel's.
      if (length > 9000)
        cases.pop_back();
      else
        cases[4].stride = 3;
      const auto results = check_rows_on_host(cases, 10);
      // The first row of each result stands first; of several rows only the first result is compared.
      for (const auto& other : results) {
        const std::size_t size = std::min(results[0].size(), other.size());
        const std::size_t row =
            first.graph.results.front().extent == Extent::Row ? 4 : 4 * static_cast<std::size_t>(length);
        CHECK(std::equal(other.begin(), other.begin() + static_cast<std::ptrdiff_t>(std::min(size, row)),
                         results[0].begin()));
      }
    }
}

}  // namespace gems::test
