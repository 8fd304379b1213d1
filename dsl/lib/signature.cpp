// The trace and the text of a signature.
#include "gems/dsl/signature.h"

#include <array>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

namespace gems {
namespace {

template <std::size_t N>
std::string text_of(const std::array<char, N>& chars) {
  return std::string(chars.data());
}
std::string text_of(const OpDef* op) { return op == nullptr ? "none" : std::string(op->name); }
std::string text_of(bool value) { return value ? "true" : "false"; }
std::string text_of(std::int64_t value) { return std::to_string(value); }

template <class E>
  requires std::is_enum_v<E>
std::string text_of(E value) {
  return std::string(name(value));
}

template <HasFields T>
std::string text_of(const T& value);

template <class T, std::size_t N>
std::string text_of(const FixedList<T, N>& list) {
  std::string text;
  for (const T& item : list) text += (text.empty() ? "" : "; ") + text_of(item);
  return "[" + text + "]";
}

template <HasFields T>
std::string text_of(const T& value) {
  std::string text;
  for_each_field(value, [&](std::string_view name, const auto& field) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, text_of(field));
  });
  return text;
}

}  // namespace

TraceGraph trace(const Signature& signature) {
  return trace(*signature.op, signature.operands, signature.results, signature.default_dtype);
}

std::string to_string(const Signature& signature) { return text_of(signature); }

}  // namespace gems
