// A rowwise kernel for CpuWalk::Columns: the lanes of a vector are neighbouring rows, of which a panel has a few
// vectors. A panel is walked element by element. What is accumulated is kept in memory for each place of a row (see
// Reductions.h), so that a row's values are those of the other walk.
#pragma once

#include "Cpu/VectorUnit.h"
#include "Pw/Pw.h"

namespace gems::cpu {

void buildColumnLoop(pw::KernelOp kernel, VectorUnit unit);

}  // namespace gems::cpu
