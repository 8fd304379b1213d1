// Registry: a small list of ops, searched by name.
#include "gems/dsl/registry.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "gems/dsl/edit_distance.h"
#include "gems/dsl/error.h"

namespace gems {

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
