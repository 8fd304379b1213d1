// Writes lines to stderr. See log.h.
#include "process/log.h"

#include <fmt/format.h>

#include <cstdio>

namespace gems {

void warn(std::string_view text) {
  const std::string line = fmt::format("gems: warning: {}\n", text);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void log_line(std::string_view text) {
  const std::string line = fmt::format("gems: {}\n", text);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace gems
