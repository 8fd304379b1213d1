// Registry: a small list of ops, searched by name.
#include "gems/dsl/registry.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "gems/dsl/error.h"

namespace gems {
namespace {

// Levenshtein's distance, one row at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

void Registry::add(const OpDef& op) {
  if (const OpDef* other = find(op.name))
    throw Error(fmt::format("op '{}' is defined twice: at {}:{} and at {}:{}; give one another name", op.name,
                            other->file, other->line, op.file, op.line));
  const auto at = std::ranges::lower_bound(ops_, op.name, {}, &OpDef::name);
  ops_.insert(at, &op);
}

const OpDef* Registry::find(std::string_view name) const {
  const auto at = std::ranges::lower_bound(ops_, name, {}, &OpDef::name);
  return at != ops_.end() && (*at)->name == name ? *at : nullptr;
}

std::vector<const OpDef*> Registry::all() const { return ops_; }

std::vector<std::string_view> Registry::similar(std::string_view name) const {
  const std::size_t limit = std::max<std::size_t>(1, name.size() / 3);
  std::vector<std::pair<std::size_t, std::string_view>> found;
  for (const OpDef* op : ops_)
    if (const std::size_t distance = edit_distance(name, op->name); distance <= limit)
      found.emplace_back(distance, op->name);
  std::ranges::sort(found);
  std::vector<std::string_view> names;
  for (const auto& [distance, other] : found) names.push_back(other);
  return names;
}

}  // namespace gems
