// Whether a rowwise kernel evaluates functions for each element, such as exp, beside which what is loaded costs little.
#pragma once

#include "Pw/RowBody.h"

namespace gems::cpu {

bool evaluatesFunctions(pw::KernelOp kernel, const pw::RowBody& body);

}  // namespace gems::cpu
