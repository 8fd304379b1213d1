// UsageError: the command line asks for something that does not exist. gems-codegen prints the text and exits with 2.
#pragma once

#include "gems/dsl/error.h"

namespace gems::codegen {

struct UsageError : Error {
  using Error::Error;
};

}  // namespace gems::codegen
