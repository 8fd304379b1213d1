// Launch geometry as a pure function: every element is covered, parameters have the layout that the emitted struct has,
// and division by multiplication is exact.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <random>

#include "cuda_case.h"
#include "gems/compiler/launch_geometry.h"
#include "gems/dsl/error.h"
#include "geometry_fields.h"
#include "trace_builder.h"

namespace gems::test {
namespace {

struct Divisor {
  std::uint32_t divisor, multiplier, shift;
};

// Of one operand and one result.
Geometry sized(std::initializer_list<std::int64_t> sizes) {
  Geometry geometry{.rank = 4, .tensors = {1, 1}, .sizes = {1, 1, 1, 1}, .strides = {}};
  std::ranges::copy(sizes, geometry.sizes.begin());
  return geometry;
}

template <class T>
T parameter_at(const LaunchGeometry& launch, std::size_t offset) {
  T value;
  std::memcpy(&value, launch.parameter.data() + offset, sizeof(T));
  return value;
}

}  // namespace

TEST_CASE("a flat launch has a block for every started group of elements, and passes the count") {
  const FlatSchedule schedule{.width = 8, .unroll = 2, .threads = 256};
  for (std::int64_t n : {std::int64_t{1}, std::int64_t{4096}, std::int64_t{4097}, std::int64_t{5} << 32}) {
    const LaunchGeometry launch =
        launch_geometry(schedule, {LayoutClass::Flat}, {.rank = 1, .sizes = {n}, .strides = {}});
    CHECK(launch.grid_x == (n + 4095) / 4096);
    CHECK(launch.block_x == 256);
    CHECK(launch.block_y == 1);
    CHECK(launch.parameter_bytes == 8);
    CHECK(parameter_at<std::int64_t>(launch, 0) == n);
  }
}

TEST_CASE("a flat launch of few elements has a thread for each") {
  const FlatSchedule schedule{.width = 8, .unroll = 2, .threads = 256, .few = 16384};
  const auto blocks = [&](std::int64_t n) {
    return launch_geometry(schedule, {LayoutClass::Flat}, {.rank = 1, .sizes = {n}, .strides = {}}).grid_x;
  };
  CHECK(blocks(1) == 1);
  CHECK(blocks(257) == 2);
  CHECK(blocks(16384) == 64);
  CHECK(blocks(16385) == 5);
}

TEST_CASE("a rows launch covers all columns and rows with at most the schedule's threads") {
  const RowsSchedule schedule{.width = 4, .unroll = 2, .threads = 256};
  for (bool is_aligned : {true, false})
    for (std::int64_t columns : {1, 3, 4, 5, 100, 128, 300, 1000, 1024, 1025, 8192, 100000})
      for (std::int64_t rows : {1, 2, 7, 64, 1000, 65537}) {
        const LaunchGeometry launch = launch_geometry(
            schedule, {is_aligned ? LayoutClass::Rows : LayoutClass::RowsUnaligned}, sized({columns, rows}));
        CAPTURE(columns, rows, is_aligned, launch.block_x, launch.block_y);
        CHECK(launch.block_x * launch.block_y <= 256);
        const std::int64_t tile_columns = std::int64_t{launch.block_x} * 8;  // two vectors of four a thread
        const std::int64_t all_columns = columns + (is_aligned ? 0 : 3);
        const std::int64_t tiles = (all_columns + tile_columns - 1) / tile_columns;
        CHECK(launch.grid_x == tiles * ((rows + launch.block_y - 1) / launch.block_y));
        // Divisors of 12 bytes: tiles and the sizes of dimensions 1 and 2.
        CHECK(parameter_at<Divisor>(launch, 0).divisor == tiles);
        CHECK(parameter_at<Divisor>(launch, 12).divisor == rows);
        CHECK(parameter_at<std::uint32_t>(launch, 36) == rows);
        CHECK(parameter_at<std::int64_t>(launch, 40) == columns);
        // Long rows leave few threads idle at their end: at most a fourth of those that whole warps need.
        const std::int64_t warps = ((all_columns + 7) / 8 + 31) / 32;
        if (columns >= 1000) CHECK(tiles * launch.block_x * 4 <= warps * 32 * 5);
      }
}

TEST_CASE("few rows that share an operand's cache lines are in one block") {
  const RowsSchedule schedule{.width = 4, .unroll = 1, .threads = 256};
  Geometry turned = sized({100000, 3});
  turned.strides[0] = {3, 1, 0, 0};
  turned.strides[1] = {1, 100000, 0, 0};
  const LaunchGeometry launch = launch_geometry(schedule, {LayoutClass::Rows}, turned);
  CHECK(launch.block_y == 4);
  CHECK(launch.block_x == 64);
}

TEST_CASE("a tile launch has a block for every started tile of every outer element") {
  const TileSchedule schedule{.width = 2, .unroll = 8, .threads = 256, .threads_x = 32, .rows_packed = 1};
  CHECK(schedule.columns() == 64);
  CHECK(schedule.rows() == 64);
  const LaunchGeometry launch = launch_geometry(schedule, {LayoutClass::Tile}, sized({65, 640, 7, 3}));
  CHECK(launch.block_x == 256);
  CHECK(launch.grid_x == 2 * 10 * 7 * 3);
  CHECK(parameter_at<Divisor>(launch, 0).divisor == 2);
  CHECK(parameter_at<Divisor>(launch, 12).divisor == 10);
  CHECK(parameter_at<Divisor>(launch, 24).divisor == 7);
  CHECK(parameter_at<std::uint32_t>(launch, 36) == 640);
  CHECK(parameter_at<std::int64_t>(launch, 40) == 65);
}

TEST_CASE("strides of rows are 64-bit and aligned as in a C struct") {
  const RowsSchedule schedule{.width = 4, .unroll = 1, .threads = 256};
  Geometry geometry = sized({1000, 70000, 100});
  geometry.strides[0] = {1, 5000, 400000000, 0};
  geometry.strides[1] = {1, 1000, 70000000, 0};
  const LaunchGeometry launch = launch_geometry(schedule, {LayoutClass::Rows}, geometry);
  CHECK(parameter_at<std::uint32_t>(launch, 36) == 7000000);
  // Columns, the operand's strides, the result's but for dimension 0.
  const std::int64_t expected[] = {1000, 1, 5000, 400000000, 0, 1000, 70000000, 0};
  for (std::size_t i = 0; i < std::size(expected); ++i)
    CHECK(parameter_at<std::int64_t>(launch, 40 + 8 * i) == expected[i]);
  CHECK(launch.parameter_bytes == 40 + 8 * std::size(expected));
}

TEST_CASE("division by multiplication and shift is exact for every divisor and dividend below 2^31") {
  const GenericSchedule schedule{.unroll = 4, .threads = 256};
  std::mt19937 random(3);
  auto check = [&](std::uint32_t d) {
    const LaunchGeometry launch = launch_geometry(schedule, {LayoutClass::Generic}, sized({d}));
    const auto by = parameter_at<Divisor>(launch, 4);
    CAPTURE(d, by.multiplier, by.shift);
    REQUIRE(by.divisor == d);
    auto quotient = [&](std::uint32_t n) {
      return (static_cast<std::uint32_t>(std::uint64_t{n} * by.multiplier >> 32) + n) >> by.shift;
    };
    for (int i = 0; i < 200; ++i) {
      const std::uint32_t n = random() >> 1;
      REQUIRE(quotient(n) == n / d);
      const std::uint32_t multiple = n / d * d;
      REQUIRE(quotient(multiple) == n / d);
      if (multiple > 0) REQUIRE(quotient(multiple - 1) == n / d - 1);
    }
    REQUIRE(quotient(0x7fffffff) == 0x7fffffff / d);
  };
  for (std::uint32_t d = 1; d < 2000; ++d) check(d);
  for (int i = 0; i < 2000; ++i) check((random() >> 1 >> random() % 31) | 1);
  check(0x7fffffff);
  check(0x40000000);
}

TEST_CASE("blocks that walk over the rows are as many as run at once, have as many rows, and leave sums to fold") {
  const HeldSchedule held{.width = 4, .vectors = 4, .threads = 512, .sums = 8, .processors = 10};
  const auto launch_of = [](const Schedule& schedule, std::int64_t columns, std::int64_t rows) {
    Geometry geometry{.rank = 4, .reduced_rank = 1, .tensors = {1, 2}};
    geometry.sizes = {columns, rows, 1, 1};
    return launch_geometry(schedule, {LayoutClass::RowHeld, 0, 4}, geometry);
  };
  // Blocks of 256 threads, two on each multiprocessor.
  LaunchGeometry launch = launch_of(held, 4096, 1000);
  CHECK(launch.block_x == 256);
  CHECK(launch.grid_x == 20);
  CHECK(launch.scratch_bytes == 20 * 4096 * 8);
  CHECK(launch.fold.grid_x == 128);
  CHECK(launch.fold.block_x * launch.fold.block_y == 1024);
  CHECK(launch_of(held, 4096, 21).grid_x == 11);
  CHECK(launch_of(held, 4096, 7).grid_x == 7);
  // Eight rows in a block, which leaves its sums together; a row of sums is a multiple of 16.
  launch = launch_of(held, 250, 100);
  CHECK(launch.block_y == 8);
  CHECK(launch.grid_x == 13);
  CHECK(launch.scratch_bytes == 13 * 256 * 8);
  // No rows: only the fold, which writes zeros.
  launch = launch_of(held, 4096, 0);
  CHECK(launch.grid_x == 0);
  CHECK(launch.fold.grid_x == 128);
  CHECK(launch.scratch_bytes > 0);
  // Looped: each row of threads has sums in memory.
  Geometry geometry{.rank = 4, .reduced_rank = 1, .tensors = {1, 2}};
  geometry.sizes = {250, 100, 1, 1};
  const LoopedSchedule looped{.width = 4, .threads = 512, .few = 2048, .held = 2048, .sums = 8, .processors = 1};
  launch = launch_geometry(looped, {LayoutClass::RowLooped}, geometry);
  CHECK(launch.grid_x == 4);
  CHECK(launch.scratch_bytes == 32 * 256 * 8);
}

TEST_CASE("the threads of a ragged row share a multiprocessor evenly, and have twelve vectors and more") {
  Geometry geometry{.rank = 4, .reduced_rank = 1, .tensors = {1, 1}};
  const auto threads = [&](std::int64_t columns) {
    geometry.sizes = {columns, 100, 1, 1};
    return launch_geometry(LoopedSchedule{}, {LayoutClass::RowLoopedUnaligned}, geometry).block_x;
  };
  CHECK(threads(6145) == 256);   // 1537 vectors
  CHECK(threads(12289) == 256);  // 3073
  CHECK(threads(25133) == 512);  // 6284
  CHECK(threads(32767) == 512);  // 8192
  // Those that are too long to be held, and those that end with a vector.
  CHECK(threads(50257) == 1024);
  CHECK(threads(25132) == 800);
}

TEST_CASE("a launch that no grid can hold is an error") {
  const FlatSchedule schedule{.width = 1, .unroll = 1, .threads = 32};
  const Geometry geometry{.rank = 1, .sizes = {std::int64_t{1} << 40}, .strides = {}};
  CHECK_THROWS_AS(launch_geometry(schedule, {LayoutClass::Flat}, geometry), Error);
}

TEST_CASE("the blocks of a staged row are a cluster, as small as have it in their slots") {
  const auto launched = [](const StagedSchedule& staged, std::int64_t columns) {
    Geometry geometry{.rank = 4, .reduced_rank = 1, .tensors = {1, 1}, .sizes = {columns, 10, 1, 1}, .strides = {}};
    return launch_geometry(staged, {LayoutClass::RowStaged}, geometry);
  };
  const auto shape = [&](const StagedSchedule& staged, std::int64_t columns) {
    const LaunchGeometry launch = launched(staged, columns);
    CHECK(launch.grid_x == 10 * launch.cluster);
    CHECK(launch.shared_bytes == launch.block_x / 32 * 33u * static_cast<unsigned>(staged.bytes * staged.slots));
    return std::pair{launch.block_x, launch.cluster};
  };
  const StagedSchedule wide{.width = 4}, narrow{.width = 8}, two{.width = 4, .slots = 6, .bytes = 32};
  CHECK(shape(wide, 12289) == std::pair{256u, 1u});
  CHECK(shape(wide, 32000) == std::pair{1024u, 1u});
  CHECK(shape(wide, 131072) == std::pair{512u, 8u});
  CHECK(shape(wide, 4 * (8 * 1024 * 13 - 1)) == std::pair{1024u, 8u});
  CHECK(shape(narrow, 12289) == std::pair{256u, 1u});
  CHECK(shape(narrow, 50257) == std::pair{256u, 2u});
  CHECK(shape(narrow, 262144) == std::pair{512u, 8u});
  CHECK(shape(two, 40000) == std::pair{256u, 8u});
}

}  // namespace gems::test
