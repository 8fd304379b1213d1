// Registry: ops by name. Filled by explicit register functions, one for each group of ops; no static constructors.
#pragma once

#include <string_view>
#include <vector>

#include "gems/dsl/op.h"

namespace gems {

class Registry {
 public:
  // Throws gems::Error when another op has that name. The op must outlive the registry.
  void add(const OpDef& op);
  // Null when there is none.
  const OpDef* find(std::string_view name) const;
  // Sorted by name.
  std::vector<const OpDef*> all() const;
  // Names within a small edit distance, nearest first, for "did you mean".
  std::vector<std::string_view> similar(std::string_view name) const;

 private:
  std::vector<const OpDef*> ops_;  // sorted by name
};

}  // namespace gems
