// A set of overrides, by index.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace gems::aten {

inline constexpr std::size_t MaxOverrides = 512;

struct OverrideSet {
  static constexpr std::size_t Words = MaxOverrides / 64;
  std::array<std::uint64_t, Words> words{};

  bool has(std::size_t index) const { return words[index / 64] >> (index % 64) & 1; }
  void add(std::size_t index) { words[index / 64] |= std::uint64_t{1} << (index % 64); }

  static OverrideSet all() {
    OverrideSet set;
    set.words.fill(~std::uint64_t{0});
    return set;
  }
  friend OverrideSet operator|(OverrideSet a, const OverrideSet& b) {
    for (std::size_t i = 0; i < Words; ++i) a.words[i] |= b.words[i];
    return a;
  }
  friend OverrideSet operator-(OverrideSet a, const OverrideSet& b) {
    for (std::size_t i = 0; i < Words; ++i) a.words[i] &= ~b.words[i];
    return a;
  }
  auto operator<=>(const OverrideSet&) const = default;
};

}  // namespace gems::aten
