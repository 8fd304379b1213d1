// Attaches schedules to kernels.
#pragma once

#include "Pw/Pw.h"

namespace gems::pw {

void attachSchedule(KernelOp kernel, const Schedule& schedule);

// What attachSchedule attached.
Schedule scheduleOf(KernelOp kernel);

}  // namespace gems::pw
