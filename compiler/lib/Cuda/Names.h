// Names that emitted code must not take from an op: keywords, and what the emitter itself declares.
#pragma once

#include <string>

namespace gems::cuda {

// `name`, or with an underscore behind it when it is taken.
std::string safeName(const std::string& name);

}  // namespace gems::cuda
