// for_each_field: the fields of a struct, one after the other. Equality, hashes, keys and texts of calls are made of
// the same fields in this way.
#pragma once

#include <string_view>

namespace gems {

// A struct has beside it
//   template <class Visit>
//   constexpr void for_each_field(const S& value, Visit&& visit);
// which calls visit(name, field) for each field. It takes the value apart by a structured binding: a field that is
// added to the struct, and not to the binding, does not compile.
template <class T>
concept HasFields = requires(const T& value) { for_each_field(value, [](std::string_view, const auto&) {}); };

}  // namespace gems
