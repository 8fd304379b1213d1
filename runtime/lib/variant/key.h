// A key made of 64-bit words with a running hash, on the stack.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace gems {

template <std::size_t Capacity>
class Key {
 public:
  void add(std::uint64_t word) {
    words_[count_++] = word;
    // Multiply and fold, one step a word; a table compares whole keys, so the hash only has to spread.
    const auto product = static_cast<unsigned __int128>(hash_ ^ word) * 0x9e3779b97f4a7c15ull;
    hash_ = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64) ^ count_;
  }
  std::uint64_t hash() const { return hash_; }
  std::span<const std::uint64_t> span() const { return {words_.data(), count_}; }

 private:
  std::array<std::uint64_t, Capacity> words_;  // only the first count_ are set
  std::size_t count_ = 0;
  std::uint64_t hash_ = 0x243f6a8885a308d3ull;
};

inline bool same_words(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

}  // namespace gems
