// What the runtime says on stderr: warnings, and with GEMS_LOG=1 a line per variant that becomes ready.
#pragma once

#include <string_view>

namespace gems {

// "gems: warning: TEXT". One write call, so that lines of several threads do not mix.
void warn(std::string_view text);

// "gems: TEXT"; the caller asks settings().log first, to spare the formatting.
void log_line(std::string_view text);

}  // namespace gems
