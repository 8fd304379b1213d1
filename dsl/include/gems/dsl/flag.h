// The value of a Flag operand: a constant of the call that shapes the trace (a mode string, a switch, an integer).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gems/dsl/fields.h"

namespace gems {

// At most 15 characters of text; plain data, so that it can be part of a key.
struct FlagValue {
  enum class Kind : std::uint8_t { None, Bool, Int, Text };

  Kind kind = Kind::None;
  std::int64_t integer = 0;
  std::array<char, 16> chars{};

  constexpr FlagValue() = default;
  constexpr FlagValue(bool value) : kind(Kind::Bool), integer(value) {}
  constexpr FlagValue(int value) : kind(Kind::Int), integer(value) {}
  constexpr FlagValue(std::int64_t value) : kind(Kind::Int), integer(value) {}
  constexpr FlagValue(const char* value) : FlagValue(std::string_view(value)) {}
  // Longer text is cut to 15 characters; no flag of an op is that long, so the cut text matches none.
  constexpr FlagValue(std::string_view value) : kind(Kind::Text) {
    std::copy_n(value.begin(), std::min<std::size_t>(value.size(), 15), chars.begin());
  }

  constexpr std::string_view text() const { return std::string_view(chars.data()); }
  constexpr bool operator==(const FlagValue&) const = default;
};

std::string_view name(FlagValue::Kind kind);

template <class Visit>
constexpr void for_each_field(const FlagValue& value, Visit&& visit) {
  const auto& [kind, integer, chars] = value;
  visit("kind", kind);
  visit("integer", integer);
  visit("chars", chars);
}

// As gems-codegen takes it: "none", "true", "3", "None".
std::string to_string(const FlagValue& value);

}  // namespace gems
