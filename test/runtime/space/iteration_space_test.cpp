// Iteration space: what is walked is what the naive nested loops walk, and what can be one dimension is one.
#include "gems/runtime/iteration_space.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <limits>
#include <set>

#include "gems/dsl/error.h"
#include "random_tensors.h"
#include "space/kernel_layout.h"

using namespace gems;
using namespace gems::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;
using Tuples = std::vector<std::vector<std::int64_t>>;

namespace {

// An address to give to views that are never read; 64-byte aligned.
alignas(64) char buffer[64];

struct Call {
  std::vector<Shaped> operands;
  std::vector<Shaped> results;
  std::vector<std::int64_t> shape;
};

std::vector<NamedTensor> named(const std::vector<Shaped>& tensors, const char* name, std::size_t distance) {
  std::vector<NamedTensor> list;
  for (const Shaped& tensor : tensors) {
    list.push_back({name, tensor.view(buffer, DType::F32)});
    // Different addresses for different tensors: nothing here is aliased by accident.
    list.back().view.data = buffer + 4096 * (list.size() + distance);
  }
  return list;
}

IterationSpace space_of(const Call& call) {
  return iteration_space("op", named(call.operands, "x", 0), named(call.results, "out", 100));
}

CudaSpace cuda_space_of(const Call& call) {
  const auto operands = named(call.operands, "x", 0);
  const auto results = named(call.results, "out", 100);
  return cuda_space("op", iteration_space("op", operands, results), operands, results);
}

Call random_call(Random& random, int max_rank, int max_size) {
  Call call;
  call.shape = random_shape(random, max_rank, max_size);
  for (int i = pick(random, 4); i-- > 0;) call.operands.push_back(random_operand(random, call.shape));
  const int results = 1 + pick(random, 2);
  for (int i = 0; i < results; ++i) call.results.push_back(random_result(random, call.shape));
  return call;
}

Tuples naive_walk(const Call& call) {
  Tuples tuples;
  for_each_index(call.shape, [&](const std::vector<std::int64_t>& index) {
    std::vector<std::int64_t> tuple;
    for (const auto* list : {&call.operands, &call.results})
      for (const Shaped& tensor : *list) tuple.push_back(element_at(tensor, index) - tensor.offset_elems);
    tuples.push_back(std::move(tuple));
  });
  std::ranges::sort(tuples);
  return tuples;
}

Tuples collapsed_walk(const IterationSpace& space, std::size_t tensors) {
  Tuples tuples;
  const Geometry& geometry = space.geometry;
  const std::vector<std::int64_t> sizes(geometry.sizes.begin(), geometry.sizes.begin() + geometry.rank);
  for_each_index(sizes, [&](const std::vector<std::int64_t>& index) {
    std::vector<std::int64_t> tuple(tensors, 0);
    for (std::size_t t = 0; t < tensors; ++t)
      for (std::size_t d = 0; d < index.size(); ++d) tuple[t] += index[d] * geometry.strides[t][d];
    tuples.push_back(std::move(tuple));
  });
  std::ranges::sort(tuples);
  return tuples;
}

Shaped tensor(std::vector<std::int64_t> sizes, std::vector<std::int64_t> strides) {
  return {std::move(sizes), std::move(strides)};
}

}  // namespace

TEST_CASE("the collapsed space visits exactly the elements that nested loops visit") {
  for (unsigned seed = 0; seed < 4000; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Call call = random_call(random, 6, 4);
    const IterationSpace space = space_of(call);
    const std::size_t tensors = call.operands.size() + call.results.size();
    REQUIRE(collapsed_walk(space, tensors) == naive_walk(call));
  }
}

TEST_CASE("no dimension of size 1 is left, and no two neighbours could be one") {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Call call = random_call(random, 6, 4);
    const Geometry geometry = space_of(call).geometry;
    const std::size_t tensors = call.operands.size() + call.results.size();
    if (geometry.rank == 1) continue;
    for (std::size_t d = 0; d < static_cast<std::size_t>(geometry.rank); ++d) {
      REQUIRE(geometry.sizes[d] > 1);
      if (d == 0) continue;
      bool could_merge = true;
      for (std::size_t t = 0; t < tensors; ++t)
        could_merge &= geometry.strides[t][d] == geometry.strides[t][d - 1] * geometry.sizes[d - 1];
      REQUIRE_FALSE(could_merge);
    }
  }
}

TEST_CASE("tensors that are dense in one common order collapse to one dimension, whatever the order") {
  for (unsigned seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Call call;
    call.shape = random_shape(random, 6, 5);
    std::vector<int> order = random_order(random, call.shape.size());
    std::ranges::shuffle(order, random);
    for (int i = 0; i < 2; ++i) call.operands.push_back(dense(random, call.shape, order, false));
    call.results.push_back(dense(random, call.shape, order, false));
    const IterationSpace space = space_of(call);
    REQUIRE(space.geometry.rank == 1);
    REQUIRE(space.geometry.sizes[0] == space.element_count);
    for (std::size_t t = 0; t < 3; ++t) REQUIRE(space.geometry.strides[t][0] == 1);
  }
}

TEST_CASE("the results decide the order of the dimensions before the operands") {
  const Call call{{tensor({3, 5}, {1, 3})}, {tensor({3, 5}, {5, 1})}, {3, 5}};
  const Geometry geometry = space_of(call).geometry;
  REQUIRE(geometry.rank == 2);
  CHECK(geometry.strides[1][0] == 1);
  CHECK(geometry.sizes[0] == 5);
  CHECK(geometry.strides[0][0] == 3);
}

TEST_CASE("a bias on the middle dimension leaves three dimensions, a bias on the last one two") {
  const Call middle{
      {tensor({4, 6, 10}, {60, 10, 1}), tensor({6, 1}, {1, 1})}, {tensor({4, 6, 10}, {60, 10, 1})}, {4, 6, 10}};
  const Geometry three = space_of(middle).geometry;
  REQUIRE(three.rank == 3);
  CHECK(three.strides[1] == std::array<std::int64_t, MaxRank>{0, 1, 0});
  const Call last{{tensor({4, 6, 10}, {60, 10, 1}), tensor({10}, {1})}, {tensor({4, 6, 10}, {60, 10, 1})}, {4, 6, 10}};
  const Geometry two = space_of(last).geometry;
  REQUIRE(two.rank == 2);
  CHECK(two.sizes[1] == 24);
}

TEST_CASE("a space without elements has nothing to walk") {
  const Call call{{tensor({0, 1}, {1, 1})}, {tensor({0, 3}, {3, 1})}, {0, 3}};
  const IterationSpace space = space_of(call);
  CHECK(space.element_count == 0);
  CHECK(space.geometry.rank == 1);
  CHECK(space.geometry.sizes[0] == 0);
}

TEST_CASE("one element is a contiguous dimension of size 1 for every tensor") {
  const Call call{{tensor({}, {}), tensor({1, 1}, {7, 9})}, {tensor({1, 1, 1}, {5, 5, 5})}, {1, 1, 1}};
  const IterationSpace space = space_of(call);
  CHECK(space.element_count == 1);
  CHECK(space.geometry.rank == 1);
  for (std::size_t t = 0; t < 3; ++t) CHECK(space.geometry.strides[t][0] == 1);
}

TEST_CASE("calls that make no sense are refused with the op, the tensor and what was expected") {
  const Shaped result = tensor({2, 3}, {3, 1});
  const auto refuses = [&](const Call& call, const std::string& text) {
    CHECK_THROWS_MATCHES(space_of(call), Error, MessageMatches(ContainsSubstring(text)));
  };
  refuses({{tensor({2, 4}, {4, 1})}, {result}, {2, 3}},
          "'x' of shape (2, 4) does not broadcast to the result's shape (2, 3)");
  refuses({{tensor({1, 2, 3}, {6, 3, 1})}, {result}, {2, 3}}, "does not broadcast");
  refuses({{}, {result, tensor({3, 2}, {2, 1})}, {2, 3}}, "result 'out' has shape (3, 2)");
  refuses({{}, {tensor({2, 3}, {0, 1})}, {2, 3}}, "stride 0 in dimension 0 of size 2");
  refuses({{tensor({2, 3}, {-3, 1})}, {result}, {2, 3}}, "stride -3 in dimension 0");
  refuses({{}, {}, {}}, "no result tensor");
  constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max() / 2;
  refuses({{}, {tensor({huge, 3}, {1, 1})}, {huge, 3}}, "more than 2^63 elements");
}

TEST_CASE("up to 8 dimensions are walked, more are refused") {
  // Every second element in each dimension: nothing merges.
  const auto apart = [](std::size_t rank) {
    Shaped shaped{std::vector<std::int64_t>(rank, 2), {}};
    std::int64_t stride = 2;
    for (std::size_t d = 0; d < rank; ++d, stride *= 4) shaped.strides.insert(shaped.strides.begin(), stride);
    return Call{{}, {shaped}, shaped.sizes};
  };
  CHECK(space_of(apart(8)).geometry.rank == 8);
  CHECK_THROWS_MATCHES(space_of(apart(9)), Error, MessageMatches(ContainsSubstring("more than 8 dimensions")));
}

TEST_CASE("the layout of a call is its class, never its size") {
  const auto class_of = [](const Call& call) { return cuda_space_of(call).layout.cls; };
  const Shaped wide = tensor({9, 64}, {64, 1});
  CHECK(class_of({{wide, wide}, {wide}, {9, 64}}) == LayoutClass::Flat);
  CHECK(class_of({{tensor({4, 8}, {8, 1}), tensor({8}, {1})}, {tensor({4, 8}, {8, 1})}, {4, 8}}) == LayoutClass::Rows);
  CHECK(class_of({{wide, tensor({64}, {1})}, {wide}, {9, 64}}) == LayoutClass::Rows);

  SECTION("a column, a padded operand and three dimensions share the kernel of a row") {
    CHECK(class_of({{tensor({4, 8}, {16, 1}), tensor({4, 1}, {1, 1})}, {tensor({4, 8}, {8, 1})}, {4, 8}}) ==
          LayoutClass::Rows);
    CHECK(class_of(
              {{tensor({4, 6, 8}, {48, 8, 1}), tensor({6, 1}, {1, 1})}, {tensor({4, 6, 8}, {48, 8, 1})}, {4, 6, 8}}) ==
          LayoutClass::Rows);
  }
  SECTION("one row that is not a multiple of 16 bytes makes the call unaligned") {
    CHECK(class_of({{tensor({4, 9}, {12, 1})}, {tensor({4, 9}, {9, 1})}, {4, 9}}) == LayoutClass::RowsUnaligned);
  }
  SECTION("what is read by the element needs no alignment") {
    CHECK(class_of({{tensor({4, 8}, {19, 2})}, {tensor({4, 8}, {8, 1})}, {4, 8}}) == LayoutClass::Rows);
  }
  SECTION("short rows, and results that are not dense, are generic; five to eight dimensions wide") {
    CHECK(class_of({{tensor({9, 3}, {3, 1}), tensor({3}, {1})}, {tensor({9, 3}, {3, 1})}, {9, 3}}) ==
          LayoutClass::Generic);
    const auto apart = [](std::vector<std::int64_t> sizes) {
      Shaped shaped{sizes, {}};
      std::int64_t stride = 2;
      for (std::size_t d = 0; d < sizes.size(); ++d, stride *= 4) shaped.strides.insert(shaped.strides.begin(), stride);
      return Call{{}, {shaped}, sizes};
    };
    CHECK(class_of(apart({2, 2})) == LayoutClass::Generic);
    CHECK(class_of(apart({2, 2, 2, 2})) == LayoutClass::Generic);
    CHECK(class_of(apart({2, 2, 2, 2, 2})) == LayoutClass::GenericWide);
  }
  SECTION("an operand without dimensions is one element for all, whatever the size of the others") {
    const Layout second_is_single{LayoutClass::Flat, 0b10};
    CHECK(cuda_space_of({{wide, tensor({}, {})}, {wide}, {9, 64}}).layout == second_is_single);
    CHECK(cuda_space_of({{tensor({1}, {1}), tensor({}, {})}, {tensor({1}, {1})}, {1}}).layout == second_is_single);
  }
}

TEST_CASE(
    "an operand that is dense along another dimension than the results crosses them; that dimension comes second") {
  SECTION("transposed") {
    const CudaSpace space =
        cuda_space_of({{tensor({64, 48}, {48, 1}), tensor({64, 48}, {1, 64})}, {tensor({64, 48}, {48, 1})}, {64, 48}});
    CHECK(space.layout.cls == LayoutClass::Tile);
    CHECK(space.geometry.sizes[0] == 48);
    CHECK(space.geometry.sizes[1] == 64);
    CHECK(space.geometry.strides[1][1] == 1);
  }
  SECTION("channels last beside channels first: two dimensions of one image and the batch") {
    const CudaSpace space =
        cuda_space_of({{tensor({2, 16, 8, 8}, {1024, 64, 8, 1}), tensor({2, 16, 8, 8}, {1024, 1, 128, 16})},
                       {tensor({2, 16, 8, 8}, {1024, 64, 8, 1})},
                       {2, 16, 8, 8}});
    CHECK(space.layout.cls == LayoutClass::Tile);
    CHECK(space.geometry.sizes == std::array<std::int64_t, MaxRank>{64, 16, 2, 1});
    CHECK(space.geometry.strides[1] == std::array<std::int64_t, MaxRank>{16, 1, 1024, 0});
  }
  SECTION("the crossing dimension may be the outermost") {
    const CudaSpace space =
        cuda_space_of({{tensor({64, 5, 48}, {1, 3200, 64})}, {tensor({64, 5, 48}, {240, 48, 1})}, {64, 5, 48}});
    CHECK(space.layout.cls == LayoutClass::Tile);
    CHECK(space.geometry.sizes == std::array<std::int64_t, MaxRank>{48, 64, 5, 1});
    CHECK(space.geometry.strides[0] == std::array<std::int64_t, MaxRank>{64, 1, 3200, 0});
    CHECK(space.geometry.strides[1] == std::array<std::int64_t, MaxRank>{1, 240, 48, 0});
  }
  SECTION("a column that is broadcast along the rows does not cross; nor do a few columns or rows") {
    CHECK(cuda_space_of({{tensor({64, 1}, {1, 1})}, {tensor({64, 48}, {48, 1})}, {64, 48}}).layout.cls !=
          LayoutClass::Tile);
    CHECK(cuda_space_of({{tensor({64, 8}, {1, 64})}, {tensor({64, 8}, {8, 1})}, {64, 8}}).layout.cls !=
          LayoutClass::Tile);
    CHECK(cuda_space_of({{tensor({3, 64}, {1, 3})}, {tensor({3, 64}, {64, 1})}, {3, 64}}).layout.cls !=
          LayoutClass::Tile);
  }
  SECTION("rows of a crossing operand that are not a multiple of 16 bytes make the call unaligned") {
    const CudaSpace space = cuda_space_of({{tensor({63, 48}, {1, 63})}, {tensor({63, 48}, {48, 1})}, {63, 48}});
    CHECK(space.layout.cls == LayoutClass::TileUnaligned);
  }
}

TEST_CASE("the space of a CUDA kernel visits the same elements, in any order of the outer dimensions") {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Call call = random_call(random, 4, 40);
    while (call.operands.size() + call.results.size() > 3) call.operands.pop_back(), call.results.resize(1);
    std::int64_t count = 1;
    for (std::int64_t size : call.shape) count *= size;
    if (count > 20000) continue;
    const CudaSpace space = cuda_space_of(call);
    const std::size_t tensors = call.operands.size() + call.results.size();
    REQUIRE(collapsed_walk({space.geometry, count}, tensors) == naive_walk(call));
  }
}

TEST_CASE("the index is wide when an offset or the count does not fit 31 bits, and the kernel is generic") {
  constexpr std::int64_t limit = std::numeric_limits<std::int32_t>::max();
  const auto wide = [](const Call& call) { return cuda_space_of(call).layout.cls == LayoutClass::GenericWide; };
  CHECK_FALSE(wide({{}, {tensor({limit / 2}, {2})}, {limit / 2}}));
  CHECK(wide({{}, {tensor({limit / 2 + 2}, {2})}, {limit / 2 + 2}}));
  CHECK_FALSE(wide({{tensor({2, 3}, {limit - 4, 2})}, {tensor({2, 3}, {6, 2})}, {2, 3}}));
  CHECK(wide({{tensor({2, 3}, {limit - 3, 2})}, {tensor({2, 3}, {6, 2})}, {2, 3}}));
  // Flat kernels and those by rows have 64-bit offsets as they are.
  CHECK_FALSE(wide({{}, {tensor({limit * 3}, {1})}, {limit * 3}}));
  CHECK_FALSE(wide({{tensor({64}, {1})}, {tensor({limit, 64}, {64, 1})}, {limit, 64}}));
}

TEST_CASE("a result may be an operand, and may not overlap one otherwise") {
  const Shaped square = tensor({4, 4}, {4, 1});
  const auto layout_of = [](const Shaped& operand, const Shaped& result, void* operand_data, void* result_data) {
    std::vector<NamedTensor> operands{{"x", operand.view(operand_data, DType::F32)}};
    std::vector<NamedTensor> results{{"out", result.view(result_data, DType::F32)}};
    return cuda_space("op", iteration_space("op", operands, results), operands, results).layout;
  };
  CHECK(layout_of(square, square, buffer, buffer) == layout_of(square, square, buffer, buffer + 16));
  CHECK_THROWS_MATCHES(layout_of(tensor({4, 4}, {1, 4}), square, buffer, buffer), Error,
                       MessageMatches(ContainsSubstring("result 'out' starts at the address of operand 'x'")));
}

TEST_CASE("vectors begin at multiples of 16 bytes, or the call is unaligned; elements at multiples of their size") {
  const auto class_of = [](DType dtype, int offset_bytes) {
    const Shaped row = tensor({64}, {1});
    std::vector<NamedTensor> results{{"out", row.view(buffer + offset_bytes, dtype)}};
    return cuda_space("op", iteration_space("op", {}, results), {}, results).layout.cls;
  };
  CHECK(class_of(DType::F32, 0) == LayoutClass::Flat);
  CHECK(class_of(DType::F32, 8) == LayoutClass::RowsUnaligned);  // dense: one long row
  CHECK(class_of(DType::BF16, 32) == LayoutClass::Flat);
  CHECK(class_of(DType::BF16, 4) == LayoutClass::RowsUnaligned);
  CHECK(class_of(DType::U8, 12) == LayoutClass::RowsUnaligned);
  CHECK(class_of(DType::F64, 8) == LayoutClass::RowsUnaligned);
  CHECK(class_of(DType::C128, 16) == LayoutClass::Flat);
  CHECK_THROWS_MATCHES(class_of(DType::F32, 2), Error, MessageMatches(ContainsSubstring("not a multiple of 4 bytes")));
}

TEST_CASE("rows of which little is read have kernels of their own: two dimensions, all operands broadcast, aligned") {
  const auto class_of = [](const Shaped& x, const Shaped& y, const Shaped& result) {
    return cuda_space_of({{x, y}, {result}, result.sizes}).layout.cls;
  };
  const Shaped column = tensor({64, 1}, {1, 1}), row = tensor({1, 32}, {32, 1});
  const Shaped result = tensor({64, 32}, {32, 1});
  CHECK(class_of(column, row, result) == LayoutClass::RowsOuter);
  CHECK(class_of(column, column, result) == LayoutClass::RowsOuter);
  CHECK(class_of(result, row, result) == LayoutClass::Rows);
  CHECK(class_of(column, row, tensor({64, 32}, {33, 1})) == LayoutClass::RowsUnaligned);  // rows begin anywhere
  const Shaped deep = tensor({8, 64, 32}, {2048, 32, 1});
  CHECK(class_of(tensor({64, 1}, {1, 1}), tensor({8, 1, 32}, {32, 32, 1}), deep) == LayoutClass::Rows);
}

TEST_CASE("every layout class of pointwise kernels comes up") {
  std::set<LayoutClass> classes;
  Random random(11);
  for (int i = 0; i < 200000; ++i) {
    Call call;
    const int rank = 1 + pick(random, 6);
    for (int d = 0; d < rank; ++d) {
      const std::int64_t sizes[] = {1, 2, 3, 7, 8, 31, 32, 64, 100, 4096, 100000, std::int64_t{1} << 31};
      call.shape.push_back(sizes[pick(random, 12)]);
    }
    double count = 1;
    for (std::int64_t size : call.shape) count *= static_cast<double>(size);
    if (count > 1e15) continue;
    for (int t = 0; t < 3; ++t) {
      Shaped operand = random_operand(random, call.shape);
      // An operand without dimensions is of another kind to a call, which has kernels of its own.
      if (operand.sizes.empty()) operand = tensor({1}, {1});
      call.operands.push_back(operand);
    }
    call.results.push_back(random_result(random, call.shape));
    classes.insert(cuda_space_of(call).layout.cls);
  }
  // A list is of several calls.
  CHECK(std::ssize(classes) ==
        std::ranges::count_if(layout_table, [](const LayoutTraits& traits) { return traits.family < Family::List; }));
}

TEST_CASE("a CPU kernel sees the innermost dimension only, so that shapes share it") {
  const Shaped result = tensor({4, 8}, {8, 1});
  const auto layout_of = [](const Call& call) {
    const auto operands = named(call.operands, "x", 0);
    const auto results = named(call.results, "out", 100);
    return cpu_layout("op", iteration_space("op", operands, results), operands, results);
  };
  const CpuLayout flat = layout_of({{tensor({4, 8}, {8, 1})}, {result}, {4, 8}});
  CHECK(flat == CpuLayout{{Step::Contiguous}, {Step::Contiguous}});
  CHECK(layout_of({{tensor({4, 8}, {16, 1})}, {result}, {4, 8}}) == flat);
  CHECK(layout_of({{tensor({4, 1}, {1, 1})}, {result}, {4, 8}}).operands[0] == Step::Broadcast);
}
