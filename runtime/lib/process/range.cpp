// Who observes ranges. See range.h.
#include "process/range.h"

namespace gems {

constinit std::atomic<const RangeObserver*> range_observer{nullptr};

void set_range_observer(const RangeObserver* observer) { range_observer.store(observer, std::memory_order_release); }

}  // namespace gems
