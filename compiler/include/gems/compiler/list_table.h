// Which tensors a launch of a list kernel covers: the kernel's last parameter, filled entry by entry. Part of the
// compiler, because it is the struct that the emitted text declares.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"

namespace gems {

// Of one launch. A power of two, for the search of a block's entry. With MaxTensors and all numbers, the parameters
// stay below the 32,764 bytes that CUDA 12.1 takes on sm_70 and later; before, it took 4,096.
inline constexpr std::size_t ListEntries = 256;

class ListTable {
 public:
  // tensors: addresses of an entry, operands in memory, then results.
  ListTable(const ListSchedule& schedule, std::size_t tensors);

  bool is_full() const { return entries_ == ListEntries; }
  // The next entry. count: of its elements, more than 0.
  void add(std::span<void* const> tensors, std::int64_t count);
  void clear();

  unsigned blocks() const { return blocks_; }
  void* parameter() { return words_.data(); }

 private:
  static constexpr std::size_t FirstBlockWords = ListEntries * sizeof(std::uint32_t) / sizeof(std::uint64_t);

  std::int64_t elements_of_block_;
  std::size_t tensors_;
  std::size_t entries_ = 0;
  unsigned blocks_ = 0;
  std::array<std::uint64_t, FirstBlockWords + ListEntries*(MaxTensors + 1)> words_;
};

}  // namespace gems
