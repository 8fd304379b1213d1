// What launches of a list kernel cover.
#include "gems/compiler/list_table.h"

#include <catch2/catch_test_macros.hpp>

namespace gems::test {

TEST_CASE("a list table counts the blocks of its entries") {
  const ListSchedule schedule{.width = 4, .vectors = 2, .threads = 32};
  ListTable table(schedule, 1);
  void* address = nullptr;
  const auto add = [&](std::int64_t count) { table.add({&address, 1}, count); };
  add(1), add(256), add(257);
  CHECK(table.blocks() == 4);
  CHECK(!table.is_full());
  for (std::size_t i = 3; i < ListEntries; ++i) add(1);
  CHECK(table.is_full());
  table.clear();
  CHECK((table.blocks() == 0 && !table.is_full()));
}

}  // namespace gems::test
