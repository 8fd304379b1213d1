// Names in text formats: what an identifier is, and the enumerations of an op's metadata by name.
#pragma once

#include <optional>
#include <string_view>

#include "gems/dsl/domain.h"
#include "gems/dsl/op.h"

namespace gems {

// A name of ops, operands and modules: letters, digits and underscores, no digit first, at most 64 characters.
bool is_identifier(std::string_view text);

// As the enumerator is spelled: "FloatOrComplex", "IntToFloat".
std::string_view name(Domain domain);
std::string_view name(PromotionKind kind);
std::optional<Domain> parse_domain(std::string_view text);
std::optional<PromotionKind> parse_promotion_kind(std::string_view text);

}  // namespace gems
