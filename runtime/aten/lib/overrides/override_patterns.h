// Ops by ATen name or glob.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switches/override_set.h"

namespace gems::aten {

// patterns: comma-separated. Each selects the overloads whose full name ("add.Tensor") or operator name ("add") it
// matches, with *, ? and [...] as in a shell. "" selects nothing. Throws gems::Error, naming the nearest op, for a
// pattern that matches none.
OverrideSet select_overrides(std::string_view patterns);

// Every overload of the table, sorted.
std::vector<std::string> all_override_names();

}  // namespace gems::aten
