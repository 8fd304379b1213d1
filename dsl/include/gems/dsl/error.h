// gems::Error: the one exception type of the core. The text says what, where, what was given, and what to do.
#pragma once

#include <stdexcept>

namespace gems {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace gems
