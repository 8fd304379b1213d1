// Range: a step of making a kernel, as a profiler sees it. See gems/runtime/ranges.h.
#pragma once

#include <atomic>
#include <concepts>
#include <string>

#include "gems/runtime/ranges.h"

namespace gems {

extern constinit std::atomic<const RangeObserver*> range_observer;

class Range {
 public:
  // name is called when there is an observer only.
  explicit Range(const std::invocable auto& name) : observer_(range_observer.load(std::memory_order_acquire)) {
    if (observer_ == nullptr) return;
    name_ = name();
    range_ = observer_->begin(name_);
  }
  ~Range() {
    if (range_ != nullptr) observer_->end(range_);
  }
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;

 private:
  const RangeObserver* observer_;
  std::string name_;
  void* range_ = nullptr;
};

}  // namespace gems
