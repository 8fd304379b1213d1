// A command line that asks for something that does not exist; gems-cache exits with 2.
#pragma once

#include <stdexcept>

namespace gems::cache_tool {

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace gems::cache_tool
