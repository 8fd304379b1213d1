// A rowwise kernel for CpuWalk::Row: the lanes of a vector are elements of one row.
//
// What is left after the last full vector is copied to a buffer; the elements in it that do not exist count as the
// identity of a reduction.
#pragma once

#include "Cpu/VectorUnit.h"
#include "Pw/Pw.h"

namespace gems::cpu {

void buildRowLoop(pw::KernelOp kernel, VectorUnit unit);

}  // namespace gems::cpu
