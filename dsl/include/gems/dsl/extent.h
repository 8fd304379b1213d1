// Extent: along which of a rowwise op's dimensions a value varies. The dimensions that are kept count rows; the ones
// that are reduced are the columns of a row.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gems {

enum class Extent : std::uint8_t {
  Call = 0,     // one value for all: numbers
  Row = 1,      // one for each row
  Column = 2,   // one for each column
  Element = 3,  // one for each element; all values of a pointwise op
};

// That of an operation on values of two extents.
constexpr Extent join(Extent a, Extent b) {
  return static_cast<Extent>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool varies_along_rows(Extent extent) { return (static_cast<unsigned>(extent) & 1) != 0; }
constexpr bool varies_along_columns(Extent extent) { return (static_cast<unsigned>(extent) & 2) != 0; }

inline constexpr std::array<std::string_view, 4> extent_names{"call", "row", "column", "element"};
constexpr std::string_view name(Extent extent) { return extent_names[static_cast<std::size_t>(extent)]; }
constexpr std::optional<Extent> find_extent(std::string_view text) {
  for (std::size_t i = 0; i < extent_names.size(); ++i)
    if (extent_names[i] == text) return static_cast<Extent>(i);
  return std::nullopt;
}

}  // namespace gems
