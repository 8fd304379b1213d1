// One warning per op and cause when a call that gems was to serve was left to ATen, and the caller can do something.
#pragma once

#include <string>
#include <string_view>

namespace gems::aten {

// Something inside gems failed.
void warn_failure_once(std::string_view op, const std::string& what);

// A stream captures and the kernel is not loaded yet.
void warn_cold_capture_once(std::string_view op);

}  // namespace gems::aten
