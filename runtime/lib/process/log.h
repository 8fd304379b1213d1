// How the runtime says something: on stderr, and to the listener of gems/runtime/log.h.
#pragma once

#include <string_view>

#include "gems/runtime/log.h"

namespace gems {

// "gems: warning: TEXT". One write call, so that lines of several threads do not mix.
void warn(std::string_view text);

// "gems: TEXT" on stderr if GEMS_LOG=1; the caller asks is_log_heard first, to spare the formatting.
void log_line(LogLevel level, std::string_view text);
bool is_log_heard();

}  // namespace gems
