// Why a call was left to ATen. Counted per op in the report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gems::aten {

enum class DeclineReason : std::uint8_t {
#define GEMS_DECLINE_REASON(Name, text) Name,
#include "gems/aten/decline_reasons.def"
};

inline constexpr std::size_t DeclineReasonCount = 0
#define GEMS_DECLINE_REASON(Name, text) +1
#include "gems/aten/decline_reasons.def"
    ;

constexpr std::string_view text(DeclineReason reason) {
  constexpr std::string_view texts[] = {
#define GEMS_DECLINE_REASON(Name, text) text,
#include "gems/aten/decline_reasons.def"
  };
  return texts[static_cast<std::size_t>(reason)];
}

}  // namespace gems::aten
