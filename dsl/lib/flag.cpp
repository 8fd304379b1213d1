// The text of a flag's value and of its kind.
#include "gems/dsl/flag.h"

namespace gems {

std::string_view name(FlagValue::Kind kind) {
  constexpr std::array<std::string_view, 4> names{"none", "bool", "int", "text"};
  return names[static_cast<std::size_t>(kind)];
}

std::string to_string(const FlagValue& value) {
  switch (value.kind) {
    case FlagValue::Kind::None:
      return "None";
    case FlagValue::Kind::Bool:
      return value.integer != 0 ? "true" : "false";
    case FlagValue::Kind::Int:
      return std::to_string(value.integer);
    case FlagValue::Kind::Text:
      return std::string(value.text());
  }
  return "";
}

}  // namespace gems
