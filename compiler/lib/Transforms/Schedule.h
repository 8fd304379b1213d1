// Attaches layouts and schedules to kernels.
#pragma once

#include "Pw/Pw.h"

namespace gems::pw {

// Gives every tensor its layout and the kernel its space. The counts of operands and results match the layout's.
void attachLayout(KernelOp kernel, const Layout& layout);
void attachSchedule(KernelOp kernel, const Schedule& schedule);

// What attachLayout and attachSchedule attached.
Layout layoutOf(KernelOp kernel);
Schedule scheduleOf(KernelOp kernel);

}  // namespace gems::pw
