// Fills the last parameter of a list kernel. ListText.cpp prints its declaration:
//
//   struct Entry { address of each tensor; long long count; };
//   struct List { unsigned first_block[256]; Entry entries[256]; };
#include "gems/compiler/list_table.h"

#include <cstring>
#include <limits>

namespace gems {

ListTable::ListTable(const ListSchedule& schedule, std::size_t tensors)
    : elements_of_block_(schedule.elements()), tensors_(tensors) {
  clear();
}

// Entries that do not exist begin behind all blocks.
void ListTable::clear() {
  entries_ = 0;
  blocks_ = 0;
  std::memset(words_.data(), 0xff, FirstBlockWords * sizeof(std::uint64_t));
}

void ListTable::add(std::span<void* const> tensors, std::int64_t count) {
  std::memcpy(reinterpret_cast<std::byte*>(words_.data()) + entries_ * sizeof blocks_, &blocks_, sizeof blocks_);
  std::uint64_t* entry = words_.data() + FirstBlockWords + entries_ * (tensors_ + 1);
  for (void* address : tensors) *entry++ = reinterpret_cast<std::uintptr_t>(address);
  *entry = static_cast<std::uint64_t>(count);
  ++entries_;
  blocks_ += static_cast<unsigned>((count + elements_of_block_ - 1) / elements_of_block_);
}

}  // namespace gems
