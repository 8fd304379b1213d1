// Matches patterns against the override table.
#include "overrides/override_patterns.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>

#include "gems/dsl/edit_distance.h"
#include "gems/dsl/error.h"
#include "overrides/registration.h"
#include "overrides/table/override_table.h"

namespace gems::aten {
namespace {

std::string_view operator_name(std::string_view name) { return name.substr(0, name.find('.')); }

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

std::string nearest(const std::string& pattern) {
  std::string best;
  std::size_t best_distance = 0;
  for (const TableRow& row : override_table()) {
    const std::string& full = row.override.name();
    for (const std::string_view candidate : {operator_name(full), std::string_view(full)}) {
      const std::size_t distance = edit_distance(pattern, candidate);
      if (!best.empty() && distance >= best_distance) continue;
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

[[noreturn]] void fail(const std::string& pattern) {
  const std::string overload = pattern.find('.') == std::string::npos ? "" : pattern.substr(pattern.find('.') + 1);
  const auto why = refusal("aten::" + std::string(operator_name(pattern)), overload);
  const std::string hint = why && why->starts_with("it is composite") ? "; " + *why : "";
  throw Error(fmt::format("gems has no override named '{}'{}. Nearest: '{}'. gems.all_ops() lists them all.", pattern,
                          hint, nearest(pattern)));
}

}  // namespace

OverrideSet select_overrides(std::string_view patterns) {
  OverrideSet set;
  while (!patterns.empty()) {
    const auto comma = patterns.find(',');
    const std::string pattern(trim(patterns.substr(0, comma)));
    patterns = comma == std::string_view::npos ? std::string_view() : patterns.substr(comma + 1);
    if (pattern.empty()) continue;
    bool matched = false;
    for (const TableRow& row : override_table()) {
      const std::string& full = row.override.name();
      if (fnmatch(pattern.c_str(), full.c_str(), 0) != 0 &&
          fnmatch(pattern.c_str(), std::string(operator_name(full)).c_str(), 0) != 0)
        continue;
      set.add(row.override.index());
      matched = true;
    }
    if (!matched) fail(pattern);
  }
  return set;
}

std::vector<std::string> all_override_names() {
  std::vector<std::string> names;
  for (const TableRow& row : override_table()) names.push_back(row.override.name());
  std::ranges::sort(names);
  return names;
}

}  // namespace gems::aten
