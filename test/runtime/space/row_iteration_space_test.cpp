// Row space: every row has its elements in their order, each group of dimensions is collapsed apart.
#include "gems/runtime/row_iteration_space.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <map>

#include "gems/dsl/error.h"
#include "random_tensors.h"

using namespace gems;
using namespace gems::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;
using Offsets = std::vector<std::int64_t>;  // one a tensor

namespace {

struct Varying {
  Shaped tensor;
  Extent extent = Extent::Element;
};

struct Call {
  std::vector<Varying> operands;
  std::vector<Varying> results;
  std::uint64_t reduced = 0;
};

Varying elements(std::vector<std::int64_t> sizes, std::vector<std::int64_t> strides) {
  return {{std::move(sizes), std::move(strides)}};
}
Varying per_row(std::vector<std::int64_t> sizes, std::vector<std::int64_t> strides) {
  return {{std::move(sizes), std::move(strides)}, Extent::Row};
}
Varying per_column(std::vector<std::int64_t> sizes, std::vector<std::int64_t> strides) {
  return {{std::move(sizes), std::move(strides)}, Extent::Column};
}

IterationSpace space_of(const Call& call) {
  std::vector<NamedTensor> operands, results;
  for (const Varying& each : call.operands)
    operands.push_back({"x", each.tensor.view(nullptr, DType::U8), each.extent});
  for (const Varying& each : call.results)
    results.push_back({"out", each.tensor.view(nullptr, DType::U8), each.extent});
  return row_iteration_space("op", operands, results, call.reduced);
}

bool is_reduced(const Call& call, std::size_t d) { return (call.reduced >> d & 1) != 0; }

// Rows by the offsets of their first elements, each a list of its elements in logical order.
using Rows = std::map<Offsets, std::vector<Offsets>>;

Rows naive_rows(const Call& call, const std::vector<std::int64_t>& shape) {
  std::vector<const Shaped*> tensors;
  for (const auto* list : {&call.operands, &call.results})
    for (const Varying& each : *list) tensors.push_back(&each.tensor);
  std::map<std::vector<std::int64_t>, std::vector<Offsets>> by_kept;
  for_each_index(shape, [&](const std::vector<std::int64_t>& index) {
    std::vector<std::int64_t> kept;
    for (std::size_t d = 0; d < index.size(); ++d)
      if (!is_reduced(call, d)) kept.push_back(index[d]);
    Offsets offsets;
    for (const Shaped* each : tensors) offsets.push_back(element_at(*each, index) - each->offset_elems);
    by_kept[kept].push_back(offsets);
  });
  Rows rows;
  for (auto& [kept, elements] : by_kept) rows[elements.front()] = elements;
  return rows;
}

Rows collapsed_rows(const Geometry& geometry) {
  const std::size_t tensors = geometry.tensors.operands + geometry.tensors.results;
  const auto inner = static_cast<std::size_t>(geometry.reduced_rank);
  // Outermost first, so that the elements of a row come in their order.
  std::vector<std::int64_t> sizes(geometry.sizes.begin(), geometry.sizes.begin() + geometry.rank);
  std::ranges::reverse(sizes);
  std::map<std::vector<std::int64_t>, std::vector<Offsets>> by_kept;
  for_each_index(sizes, [&](std::vector<std::int64_t> index) {
    std::ranges::reverse(index);
    Offsets offsets(tensors, 0);
    for (std::size_t t = 0; t < tensors; ++t)
      for (std::size_t d = 0; d < index.size(); ++d) offsets[t] += index[d] * geometry.strides[t][d];
    by_kept[{index.begin() + static_cast<std::ptrdiff_t>(inner), index.end()}].push_back(offsets);
  });
  Rows rows;
  for (auto& [kept, elements] : by_kept) rows[elements.front()] = elements;
  return rows;
}

std::vector<std::int64_t> sizes_along(const Call& call, const std::vector<std::int64_t>& shape, bool reduced) {
  std::vector<std::int64_t> sizes = shape;
  for (std::size_t d = 0; d < sizes.size(); ++d)
    if (is_reduced(call, d) != reduced) sizes[d] = 1;
  return sizes;
}

Call random_call(Random& random, const std::vector<std::int64_t>& shape) {
  Call call{.operands = {}, .results = {}, .reduced = random() & ((1u << shape.size()) - 1)};
  call.operands.push_back({random_result(random, shape)});
  if (pick(random, 2) == 0) call.operands.push_back({random_operand(random, shape)});
  if (pick(random, 2) == 0)
    call.operands.push_back({random_result(random, sizes_along(call, shape, true)), Extent::Column});
  if (pick(random, 2) == 0)
    call.operands.push_back({random_result(random, sizes_along(call, shape, false)), Extent::Row});
  if (pick(random, 2) == 0) call.results.push_back({random_result(random, shape)});
  call.results.push_back({random_result(random, sizes_along(call, shape, false)), Extent::Row});
  return call;
}

}  // namespace

TEST_CASE("each row has the elements that nested loops visit, in their order") {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const std::vector<std::int64_t> shape = random_shape(random, 4, 4);
    const Call call = random_call(random, shape);
    const IterationSpace space = space_of(call);
    REQUIRE(space.row_count * space.row_length == space.element_count);
    REQUIRE(space.geometry.reduced_rank >= 1);
    REQUIRE(space.geometry.rank >= space.geometry.reduced_rank);
    REQUIRE(collapsed_rows(space.geometry) == naive_rows(call, shape));
  }
}

TEST_CASE("no two neighbours of a group could be one") {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Call call = random_call(random, random_shape(random, 4, 4));
    const Geometry geometry = space_of(call).geometry;
    const std::size_t tensors = geometry.tensors.operands + geometry.tensors.results;
    for (std::size_t d = 1; d < static_cast<std::size_t>(geometry.rank); ++d) {
      if (d == static_cast<std::size_t>(geometry.reduced_rank)) continue;
      bool could_merge = true;
      for (std::size_t t = 0; t < tensors; ++t)
        could_merge &= geometry.strides[t][d] == geometry.strides[t][d - 1] * geometry.sizes[d - 1];
      REQUIRE_FALSE(could_merge);
    }
  }
}

TEST_CASE("a reduction along the last, the first and a middle dimension") {
  const Varying x = elements({4, 6, 10}, {60, 10, 1});
  SECTION("last: rows of 10, the others are one") {
    const IterationSpace space = space_of({{x}, {per_row({4, 6, 1}, {6, 1, 1})}, 0b100});
    CHECK(space.geometry.rank == 2);
    CHECK(space.geometry.reduced_rank == 1);
    CHECK(space.geometry.sizes[0] == 10);
    CHECK(space.geometry.sizes[1] == 24);
    CHECK(space.geometry.strides[1] == std::array<std::int64_t, MaxRank>{0, 1});
    CHECK(space.row_count == 24);
    CHECK(space.row_length == 10);
  }
  SECTION("first: neighbouring rows are neighbours in memory") {
    const Geometry geometry = space_of({{x}, {per_row({1, 6, 10}, {60, 10, 1})}, 0b001}).geometry;
    CHECK(geometry.rank == 2);
    CHECK(geometry.sizes[0] == 4);
    CHECK(geometry.strides[0] == std::array<std::int64_t, MaxRank>{60, 1});
    CHECK(geometry.strides[1] == std::array<std::int64_t, MaxRank>{0, 1});
  }
  SECTION("middle: two kept dimensions are left") {
    const Geometry geometry = space_of({{x}, {per_row({4, 1, 10}, {10, 10, 1})}, 0b010}).geometry;
    CHECK(geometry.rank == 3);
    CHECK(geometry.sizes == std::array<std::int64_t, MaxRank>{6, 10, 4});
  }
  SECTION("all: one row, and no kept dimension") {
    const Geometry geometry = space_of({{x}, {per_row({1, 1, 1}, {1, 1, 1})}, 0b111}).geometry;
    CHECK(geometry.rank == 1);
    CHECK(geometry.reduced_rank == 1);
    CHECK(geometry.sizes[0] == 240);
  }
  SECTION("none: rows of one element") {
    const IterationSpace space = space_of({{x}, {elements({4, 6, 10}, {60, 10, 1})}, 0});
    CHECK(space.geometry.rank == 2);
    CHECK(space.geometry.reduced_rank == 1);
    CHECK(space.geometry.sizes[0] == 1);
    CHECK(space.geometry.sizes[1] == 240);
    CHECK(space.row_length == 1);
  }
}

TEST_CASE("reduced dimensions are never reordered, kept ones are") {
  const Varying transposed = elements({5, 3}, {1, 5});
  const Geometry all = space_of({{transposed}, {per_row({1, 1}, {1, 1})}, 0b11}).geometry;
  CHECK(all.reduced_rank == 2);
  CHECK(all.sizes == std::array<std::int64_t, MaxRank>{3, 5});
  const Geometry none = space_of({{transposed}, {elements({5, 3}, {1, 5})}, 0}).geometry;
  CHECK(none.rank == 2);
  CHECK(none.sizes[1] == 15);
}

TEST_CASE("the tensors that vary along the rows decide the order of the rows before the others") {
  // The result is dense in another order than what is read.
  const Geometry geometry =
      space_of({{elements({4, 6, 10}, {10, 40, 1})}, {per_row({4, 6, 1}, {6, 1, 1})}, 0b100}).geometry;
  CHECK(geometry.sizes == std::array<std::int64_t, MaxRank>{10, 4, 6});
}

TEST_CASE("rows without elements exist, elements without rows do not") {
  const IterationSpace rows = space_of({{elements({3, 0}, {1, 1})}, {per_row({3, 1}, {1, 1})}, 0b10});
  CHECK_FALSE(rows.is_empty);
  CHECK(rows.element_count == 0);
  CHECK(rows.row_count == 3);
  CHECK(rows.row_length == 0);
  CHECK(rows.geometry.sizes == std::array<std::int64_t, MaxRank>{0, 3});
  CHECK(space_of({{elements({0, 3}, {3, 1})}, {per_row({0, 1}, {1, 1})}, 0b10}).is_empty);
  CHECK(space_of({{elements({3, 0}, {1, 1})}, {elements({3, 0}, {1, 1})}, 0b10}).is_empty);
  const Call both{{elements({3, 0}, {1, 1})}, {elements({3, 0}, {1, 1}), per_row({3, 1}, {1, 1})}, 0b10};
  CHECK_FALSE(space_of(both).is_empty);
  // The sums over all rows are zeros then.
  CHECK_FALSE(space_of({{elements({0, 3}, {3, 1})}, {per_column({1, 3}, {3, 1})}, 0b10}).is_empty);
}

TEST_CASE("tensors without dimensions are one row of one element") {
  const Geometry geometry = space_of({{elements({}, {})}, {per_row({}, {})}, 0}).geometry;
  CHECK(geometry.rank == 1);
  CHECK(geometry.reduced_rank == 1);
  CHECK(geometry.sizes[0] == 1);
}

TEST_CASE("rowwise calls that make no sense are refused with the op, the tensor and what was expected") {
  const Varying x = elements({2, 3}, {3, 1});
  const Varying all = elements({2, 3}, {3, 1}), rows = per_row({2, 1}, {1, 1});
  const auto refuses = [](const Call& call, const std::string& text) {
    CHECK_THROWS_MATCHES(space_of(call), Error, MessageMatches(ContainsSubstring(text)));
  };
  refuses({{x, per_column({1, 5}, {5, 1})}, {all}, 0b10},
          "op: 'x' has shape (5), a row has 3 elements; give one value for each element of a row");
  refuses({{x, per_column({1, 1}, {1, 1})}, {all}, 0b10}, "'x' has shape (1), a row has 3 elements");
  refuses(
      {{elements({2, 3, 4}, {12, 4, 1}), per_column({1, 4, 3}, {12, 3, 1})}, {per_row({2, 1, 1}, {1, 1, 1})}, 0b110},
      "'x' has shape (4, 3), a row has 12 elements in the shape (3, 4)");
  refuses({{x, per_row({3, 1}, {1, 1})}, {all}, 0b10},
          "'x' has shape (3), there are 2 rows; give one value for each row");
  refuses({{x, per_row({2, 3}, {3, 1})}, {all}, 0b10},
          "'x' has size 3 in dimension 1, which is reduced; it does not vary there, give it size 1");
  refuses({{x, per_column({3}, {1})}, {all}, 0b10}, "'x' has shape (3), the elements have 2 dim");
  refuses({{x, elements({2, 4}, {4, 1})}, {all}, 0b10}, "'x' of shape (2, 4) does not broadcast to the shape (2, 3)");
  refuses({{x}, {per_row({2}, {1})}, 0b10}, "'out' has shape (2), the elements have 2 dimensions");
  refuses({{elements({2, 3, 4}, {12, 4, 1})}, {per_row({2, 3, 1}, {3, 1, 1})}, 0b110},
          "'out' has size 3 in dimension 1, which is reduced; it does not vary there");
  refuses({{x}, {per_row({2, 1}, {0, 1})}, 0b10}, "stride 0 in dimension 0 of size 2");
  refuses({{x}, {elements({2, 1}, {1, 1})}, 0b10}, "result 'out' has shape (2, 1), the elements have shape (2, 3)");
  refuses({{x}, {rows}, 0b100}, "beyond the 2 dimensions");
  refuses({{x}, {}, 0b10}, "no result tensor");
}

TEST_CASE("up to 4 dimensions of a row and 4 of the rows are walked, more are refused") {
  // Every second element in each dimension: nothing merges.
  const auto apart = [](std::size_t rank, std::uint64_t reduced) {
    Shaped x{std::vector<std::int64_t>(rank, 2), {}};
    std::int64_t stride = 2;
    for (std::size_t d = 0; d < rank; ++d, stride *= 4) x.strides.insert(x.strides.begin(), stride);
    return Call{{{x}}, {{x}}, reduced};
  };
  CHECK(space_of(apart(8, 0b10101010)).geometry.rank == 8);
  CHECK_THROWS_MATCHES(space_of(apart(5, 0b11111)), Error, MessageMatches(ContainsSubstring("a row of shape")));
  CHECK_THROWS_MATCHES(space_of(apart(6, 0b000001)), Error,
                       MessageMatches(ContainsSubstring("of the rows leaves more")));
}
