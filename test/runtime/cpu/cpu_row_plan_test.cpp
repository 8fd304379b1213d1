// Plans of rowwise ops on the CPU: a row's values are those of the interpreter, and its bits those of the same row
// alone.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>
#include <map>

#include "call.h"
#include "gems/dsl.h"
#include "gems/dsl/interpreter.h"

using namespace gems;
using namespace gems::test;

namespace {

const OpDef& rowwise_op_named(std::string_view name) {
  const OpDef* op = ops::rowwise_catalogue().find(name);
  if (!op) throw std::runtime_error("no rowwise op " + std::string(name));
  return *op;
}

// An op of one tensor, whose results are elements or values of rows.
struct RowCase {
  const char* op;
  DType dtype;
  std::vector<Extent> results;
  double relative;
};

const RowCase cases[] = {
    {"softmax", DType::F32, {Extent::Element}, 1e-5},
    {"log_softmax", DType::BF16, {Extent::Element}, 0x1p-7},
    {"sum", DType::F32, {Extent::Row}, 1e-5},
    {"sum", DType::I32, {Extent::Row}, 0},
    {"max_dim", DType::F64, {Extent::Row, Extent::Row}, 0},
    {"logsumexp", DType::F16, {Extent::Row}, 0x1p-9},
};

struct Tensor {
  Shaped shaped;
  DType dtype;
  std::vector<char> bytes;

  Tensor(Shaped shape, DType dtype)
      : shaped(std::move(shape)),
        dtype(dtype),
        bytes(static_cast<std::size_t>(shaped.extent_elems()) * size_bytes(dtype), 0x5A) {}
  TensorView view() { return shaped.view(bytes.data(), dtype); }
  char* at(const std::vector<std::int64_t>& index) {
    return bytes.data() + element_at(shaped, index) * static_cast<std::int64_t>(size_bytes(dtype));
  }
};

Shaped contiguous(std::vector<std::int64_t> sizes) {
  Shaped shaped{sizes, std::vector<std::int64_t>(sizes.size())};
  std::int64_t stride = 1;
  for (std::size_t d = sizes.size(); d-- > 0; stride *= std::max<std::int64_t>(sizes[d], 1)) shaped.strides[d] = stride;
  return shaped;
}

void run_case(const RowCase& row, Tensor& x, std::vector<Tensor>& results, std::uint64_t reduced) {
  std::vector<Argument> operands{tensor_argument(x.view())};
  std::vector<TensorView> views;
  for (Tensor& result : results) views.push_back(result.view());
  run({.op = &rowwise_op_named(row.op), .operands = operands, .results = views, .reduced = reduced, .device = {}});
}

TraceGraph trace_of(const RowCase& row) {
  const CallOperand operand{.kind = CallOperand::Kind::Tensor, .dtype = row.dtype};
  return trace(rowwise_op_named(row.op), std::span(&operand, 1));
}

void fill(Tensor& x, Random& random) {
  for (std::size_t at = 0; at < x.bytes.size(); at += size_bytes(x.dtype)) {
    const Element value{.dtype = DType::F64, .value = (pick(random, 2001) - 1000) / 128.0};
    store_element(cast_element(value, x.dtype), x.bytes.data() + at);
  }
}

// One row with its results, dense.
std::vector<std::vector<char>> alone(const RowCase& row, const std::vector<char>& elements) {
  const auto length = static_cast<std::int64_t>(elements.size() / size_bytes(row.dtype));
  Tensor x(contiguous({1, length}), row.dtype);
  std::memcpy(x.bytes.data(), elements.data(), elements.size());
  const TraceGraph graph = trace_of(row);
  std::vector<Tensor> results;
  for (std::size_t r = 0; r < row.results.size(); ++r)
    results.emplace_back(contiguous({1, row.results[r] == Extent::Row ? 1 : length}), graph.results[r].dtype);
  run_case(row, x, results, 0b10);
  std::vector<std::vector<char>> bytes;
  for (Tensor& result : results) bytes.push_back(result.bytes);
  return bytes;
}

// Empty when every row is right.
std::string check_rows(const RowCase& row, const std::vector<std::int64_t>& shape, std::uint64_t reduced, Tensor& x,
                       std::vector<Tensor>& results) {
  const auto is_reduced = [&](std::size_t d) { return (reduced >> d & 1) != 0; };
  const TraceGraph graph = trace_of(row);
  std::map<std::vector<std::int64_t>, std::vector<std::vector<std::int64_t>>> rows;
  for_each_index(shape, [&](const std::vector<std::int64_t>& index) {
    std::vector<std::int64_t> first = index;
    for (std::size_t d = 0; d < index.size(); ++d)
      if (is_reduced(d)) first[d] = 0;
    rows[first].push_back(index);
  });
  for (const auto& [first, indices] : rows) {
    std::vector<char> elements;
    std::vector<std::vector<Element>> given(1);
    for (const auto& index : indices) {
      elements.insert(elements.end(), x.at(index), x.at(index) + size_bytes(row.dtype));
      given[0].push_back(load_element(x.at(index), row.dtype));
    }
    const auto wanted = interpret_rows(graph, given, 1, indices.size());
    const auto bits = alone(row, elements);
    for (std::size_t r = 0; r < results.size(); ++r)
      for (std::size_t i = 0; i < wanted[r].size(); ++i) {
        const std::size_t size = size_bytes(results[r].dtype);
        const char* at = results[r].at(indices[i]);
        if (std::memcmp(at, bits[r].data() + i * size, size) != 0) return "other bits than the row alone";
        const Element got = load_element(at, results[r].dtype);
        const double want = wanted[r][i].value.real();
        const bool is_close = is_integral(got.dtype)
                                  ? got.integer == wanted[r][i].integer
                                  : std::abs(got.value.real() - want) <= row.relative * std::max(std::abs(want), 1.0);
        if (!is_close) return "not near the interpreter's value";
      }
  }
  return {};
}

std::vector<Tensor> results_of(const RowCase& row, const std::vector<std::int64_t>& shape, std::uint64_t reduced,
                               Random& random) {
  const TraceGraph graph = trace_of(row);
  std::vector<Tensor> results;
  for (std::size_t r = 0; r < row.results.size(); ++r) {
    std::vector<std::int64_t> sizes = shape;
    for (std::size_t d = 0; d < sizes.size(); ++d)
      if (row.results[r] == Extent::Row && (reduced >> d & 1) != 0) sizes[d] = 1;
    results.emplace_back(random_result(random, sizes), graph.results[r].dtype);
  }
  return results;
}

}  // namespace

TEST_CASE(
    "rows of any shape, strides and reduced dimensions have the values of the interpreter, and bits of their own") {
  for (unsigned seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const RowCase& row = cases[seed % std::size(cases)];
    std::vector<std::int64_t> shape = random_shape(random, 4, seed % 5 == 0 ? 40 : 6);
    if (shape.empty()) shape.push_back(3);
    const std::uint64_t reduced = random() & ((1u << shape.size()) - 1);
    CAPTURE(row.op, shape, reduced);
    Tensor x(random_result(random, shape), row.dtype);
    fill(x, random);
    std::vector<Tensor> results = results_of(row, shape, reduced, random);
    run_case(row, x, results, reduced);
    REQUIRE(check_rows(row, shape, reduced, x, results) == "");
  }
}

TEST_CASE("long rows, and many, are shared by threads without a change of bits") {
  for (const RowCase& row : cases)
    for (const auto& [shape, reduced] : std::vector<std::pair<std::vector<std::int64_t>, std::uint64_t>>{
             {{2, 20001}, 0b10}, {{20001, 20}, 0b01}, {{40, 5000}, 0b10}, {{3, 5000, 4}, 0b110}, {{3000, 33}, 0b10}}) {
      CAPTURE(row.op, shape, reduced);
      Random random(1);
      Tensor x(contiguous(shape), row.dtype);
      fill(x, random);
      std::vector<Tensor> results = results_of(row, shape, reduced, random);
      run_case(row, x, results, reduced);
      REQUIRE(check_rows(row, shape, reduced, x, results) == "");
    }
}

TEST_CASE("the sum of a row without elements is 0") {
  Tensor x(contiguous({3, 0}), DType::F32);
  std::vector<Tensor> results;
  results.emplace_back(contiguous({3, 1}), DType::F32);
  run_case({"sum", DType::F32, {Extent::Row}, 0}, x, results, 0b10);
  for (std::int64_t i = 0; i < 3; ++i) CHECK(load_element(results[0].at({i, 0}), DType::F32).value.real() == 0);
}

namespace {

// Sums over all rows of what depends on the row, and of what does not, beside elements and values of rows.
constexpr OpDef summed_op =
    dsl::rowwise({.name = "summed",
                  .promotion_methods = {dsl::promote({0}, dsl::Default), dsl::promote({0}, dsl::Default),
                                        dsl::promote({0}, dsl::Default), dsl::promote({0}, dsl::Default)}},
                 [](dsl::Tensor x) {
                   const dsl::Expr mean = dsl::row_mean(x);
                   return dsl::outputs(dsl::column_sum(x * mean), x - mean, mean, dsl::column_sum(x));
                 });

std::vector<Tensor> run_summed(Tensor& x, std::uint64_t reduced, std::vector<Shaped> shapes) {
  std::vector<Tensor> results;
  for (Shaped& shape : shapes) results.emplace_back(std::move(shape), x.dtype);
  std::vector<Argument> operands{tensor_argument(x.view())};
  std::vector<TensorView> views;
  for (Tensor& result : results) views.push_back(result.view());
  run({.op = &summed_op, .operands = operands, .results = views, .reduced = reduced, .device = {}});
  return results;
}

// Sizes of the columns, of the elements, of the rows, of the columns.
std::vector<std::vector<std::int64_t>> summed_sizes(const std::vector<std::int64_t>& shape, std::uint64_t reduced) {
  std::vector<std::int64_t> columns = shape, rows = shape;
  for (std::size_t d = 0; d < shape.size(); ++d) ((reduced >> d & 1) != 0 ? rows : columns)[d] = 1;
  return {columns, shape, rows, columns};
}

double value_at(Tensor& tensor, const std::vector<std::int64_t>& index) {
  return load_element(tensor.at(index), tensor.dtype).value.real();
}

// Of each column the sums of the elements and of those times the mean of their rows.
std::string check_sums(Tensor& x, std::vector<Tensor>& results, const std::vector<std::int64_t>& shape,
                       std::uint64_t reduced, double relative) {
  std::map<std::vector<std::int64_t>, std::pair<double, double>> sums;
  std::map<std::vector<std::int64_t>, std::pair<double, double>> means;
  const auto first = [&](std::vector<std::int64_t> index, bool of_column) {
    for (std::size_t d = 0; d < index.size(); ++d)
      if (((reduced >> d & 1) != 0) != of_column) index[d] = 0;
    return index;
  };
  for_each_index(shape, [&](const std::vector<std::int64_t>& index) {
    auto& [sum, count] = means[first(index, false)];
    sum += value_at(x, index);
    ++count;
  });
  for_each_index(shape, [&](const std::vector<std::int64_t>& index) {
    const auto& [sum, count] = means[first(index, false)];
    auto& [of_products, of_elements] = sums[first(index, true)];
    of_products += value_at(x, index) * (sum / count);
    of_elements += value_at(x, index);
  });
  for (const auto& [index, wanted] : sums) {
    const double given[] = {value_at(results[0], index), value_at(results[3], index)};
    const double expected[] = {wanted.first, wanted.second};
    for (int i = 0; i < 2; ++i)
      if (std::abs(given[i] - expected[i]) > relative * std::max(std::abs(expected[i]), 1.0)) return "a wrong sum";
  }
  return {};
}

// The last piece first, each on its own, as threads may come.
void backwards(std::int64_t count, std::int64_t grain, void* context,
               void (*fn)(void* context, std::int64_t begin, std::int64_t end)) {
  for (std::int64_t end = count; end > 0; end -= std::min(end, grain))
    fn(context, std::max<std::int64_t>(end - grain, 0), end);
}

}  // namespace

TEST_CASE("sums over all rows of any shape, strides and reduced dimensions are of each row once") {
  for (unsigned seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::vector<std::int64_t> shape = random_shape(random, 4, seed % 5 == 0 ? 40 : 6);
    if (shape.empty()) shape.push_back(3);
    const std::uint64_t reduced = random() & ((1u << shape.size()) - 1);
    CAPTURE(shape, reduced);
    Tensor x(random_result(random, shape), seed % 2 == 0 ? DType::F32 : DType::BF16);
    fill(x, random);
    std::vector<Shaped> shapes;
    for (const auto& sizes : summed_sizes(shape, reduced)) shapes.push_back(random_result(random, sizes));
    std::vector<Tensor> results = run_summed(x, reduced, std::move(shapes));
    REQUIRE(check_sums(x, results, shape, reduced, x.dtype == DType::F32 ? 1e-4 : 0x1p-6) == "");
  }
}

TEST_CASE("sums over all rows have the same bits however threads share the rows") {
  for (const auto& [shape, reduced] : std::vector<std::pair<std::vector<std::int64_t>, std::uint64_t>>{
           {{3, 20001}, 0b10}, {{40, 5000}, 0b10}, {{3000, 33}, 0b10}, {{3000, 33}, 0b01}, {{200, 20, 4}, 0b110}}) {
    CAPTURE(shape, reduced);
    Random random(1);
    Tensor x(contiguous(shape), DType::F32);
    fill(x, random);
    std::vector<Shaped> shapes;
    for (const auto& sizes : summed_sizes(shape, reduced)) shapes.push_back(contiguous(sizes));
    std::vector<Tensor> results = run_summed(x, reduced, shapes);
    CHECK(check_sums(x, results, shape, reduced, 1e-4) == "");
    set_parallel_for(backwards);
    std::vector<Tensor> others = run_summed(x, reduced, shapes);
    set_parallel_for(nullptr);
    for (std::size_t r = 0; r < results.size(); ++r) CHECK(results[r].bytes == others[r].bytes);
  }
}

TEST_CASE("sums over no rows are 0") {
  Tensor x(contiguous({0, 5}), DType::F32);
  std::vector<Tensor> results =
      run_summed(x, 0b10, {contiguous({1, 5}), contiguous({0, 5}), contiguous({0, 1}), contiguous({1, 5})});
  for (std::int64_t column = 0; column < 5; ++column) CHECK(value_at(results[0], {0, column}) == 0);
}
