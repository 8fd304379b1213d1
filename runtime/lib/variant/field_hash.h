// The hash of a key in memory: of all fields of a struct, of the structs and lists among them, and of their order. A
// table compares whole keys, so the hash only has to spread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ranges>
#include <string_view>
#include <type_traits>
#include <variant>

#include "gems/dsl/fields.h"

namespace gems {

class FieldHash {
 public:
  template <class T>
  void add(const T& value) {
    if constexpr (std::is_pointer_v<T>) {
      add_word(reinterpret_cast<std::uintptr_t>(value));
    } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
      add_word(static_cast<std::uint64_t>(value));
    } else if constexpr (HasFields<T>) {
      for_each_field(value, [this](std::string_view, const auto& field) { this->add(field); });
    } else if constexpr (std::ranges::range<T>) {
      add_list(value);
    } else {
      add_word(value.index());
      std::visit([this](const auto& kind) { this->add(kind); }, value);
    }
  }
  std::uint64_t hash() const { return hash_; }

 private:
  // A sum of folded products: no step waits for the one before.
  void add_word(std::uint64_t word) {
    const auto product = static_cast<unsigned __int128>(word ^ place_) * 0xD1B54A32D192ED03u;
    hash_ += static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    place_ += 0x9E3779B97F4A7C15u;
  }
  // Eight bytes a word.
  void add_bytes(const void* bytes, std::size_t count) {
    for (std::size_t i = 0; i < count; i += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, static_cast<const char*>(bytes) + i, count - i < 8 ? count - i : 8);
      add_word(word);
    }
  }
  template <class List>
  void add_list(const List& list) {
    using Item = std::ranges::range_value_t<List>;
    add_word(std::ranges::size(list));
    if constexpr (sizeof(Item) == 1)
      add_bytes(std::ranges::data(list), std::ranges::size(list));
    else
      for (const Item& item : list) add(item);
  }

  std::uint64_t hash_ = 0;
  std::uint64_t place_ = 0x9E3779B97F4A7C15u;
};

template <class T>
std::uint64_t hash_of(const T& value) {
  FieldHash hash;
  hash.add(value);
  return hash.hash();
}

}  // namespace gems
