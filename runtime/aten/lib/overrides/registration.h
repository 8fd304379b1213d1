// The one registration of the overrides with ATen's dispatcher.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gems::aten {

// Puts all overrides into the dispatch table, switched off; the first call does the work. Not safe while other threads
// call ATen operators for the first time: the dispatcher takes no lock for readers.
void register_overrides();

// Why an overload must never be overridden, or nothing. Such operators lose their gradient: their one kernel would
// replace the formula that autograd looks through. "where.ScalarSelf" -> "composite ...".
std::optional<std::string> refusal(std::string_view aten_name, std::string_view overload_name);

}  // namespace gems::aten
