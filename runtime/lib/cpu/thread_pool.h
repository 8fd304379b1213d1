// The runtime's own threads for CPU kernels; used through parallel_for of plan.h unless a host program replaces it.
#pragma once

#include <cstdint>

namespace gems {

// A ParallelFor (plan.h). Threads start on the first call that has more than one piece. Calls from several threads
// share them; a call from within a piece runs where it is. A child of fork starts its own threads.
void pool_parallel_for(std::int64_t count, std::int64_t grain, void* context,
                       void (*fn)(void* context, std::int64_t begin, std::int64_t end));

}  // namespace gems
