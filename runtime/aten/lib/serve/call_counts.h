// CallCounts: what became of the calls of one overload, for the report.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gems/aten/decline.h"

namespace gems::aten {

// Relaxed: the numbers are exact once the threads are done.
struct CallCounts {
  std::atomic<std::uint64_t> served{0};
  std::array<std::atomic<std::uint64_t>, DeclineReasonCount> declined{};
  std::atomic<std::uint64_t> compiles{0};
  std::atomic<std::uint64_t> compile_us{0};

  // One call, with serve()'s answer.
  void add(std::optional<DeclineReason> reason) {
    (reason ? declined[static_cast<std::size_t>(*reason)] : served).fetch_add(1, std::memory_order_relaxed);
  }
  void reset();
};

// Those of an operator of torch.ops, by its qualified name ("gems::silu_and_mul", "gems::silu_and_mul.out"): made when
// it is first asked for, at registration, and kept for the life of the process. Overrides keep their own.
CallCounts& operator_counts(const std::string& name);

struct OperatorCounts {
  std::string name;
  CallCounts counts;
};
// In the order in which they were made. Thread-safe, like operator_counts.
std::vector<OperatorCounts*> all_operator_counts();

}  // namespace gems::aten
