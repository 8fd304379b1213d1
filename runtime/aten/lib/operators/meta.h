// Shapes, strides and dtypes of a call's results without computing them: for fake tensors.
#pragma once

#include "gems/aten/serve.h"

namespace gems::aten {

// Fills the undefined results with meta tensors. Throws c10::Error as ATen does for shapes that do not broadcast, and
// for dtypes that do not promote.
void infer_results(const Request& request);

}  // namespace gems::aten
