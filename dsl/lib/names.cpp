// The tables of names.h, in the order of the enumerators.
#include "gems/dsl/names.h"

#include <algorithm>
#include <array>

namespace gems {
namespace {

constexpr std::array<std::string_view, 9> domains{"Any",       "Number",         "Ordered",  "Real",   "Float",
                                                  "WideFloat", "FloatOrComplex", "Integral", "Complex"};
static_assert(domains.size() == static_cast<std::size_t>(Domain::Complex) + 1);

constexpr std::array<std::string_view, 9> promotion_kinds{"Default",    "NoOpmath",       "IntToFloat",
                                                          "AlwaysBool", "ComplexToFloat", "BoolToLong",
                                                          "Accumulate", "IntegralToLong", "Index"};
static_assert(promotion_kinds.size() == static_cast<std::size_t>(PromotionKind::Index) + 1);

template <class T, std::size_t N>
std::optional<T> find(const std::array<std::string_view, N>& names, std::string_view text) {
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<T>(found - names.begin());
}

}  // namespace

bool is_identifier(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && text.size() <= 64 && is_letter(text[0]) &&
         std::ranges::all_of(text, [&](char c) { return is_letter(c) || is_digit(c); });
}

std::string_view name(Domain domain) { return domains[static_cast<std::size_t>(domain)]; }
std::string_view name(PromotionKind kind) { return promotion_kinds[static_cast<std::size_t>(kind)]; }
std::optional<Domain> parse_domain(std::string_view text) { return find<Domain>(domains, text); }
std::optional<PromotionKind> parse_promotion_kind(std::string_view text) {
  return find<PromotionKind>(promotion_kinds, text);
}

}  // namespace gems
