// How far two names are from each other, for "did you mean".
#pragma once

#include <cstddef>
#include <string_view>

namespace gems {

// The characters to insert, to remove and to replace.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace gems
