// A call on tensors: a planner for all calls of one signature, a plan for each of their geometries, and its launches. A
// plan holds no address of the caller's. It may end as soon as launch() returns, also when the stream has not run the
// kernel yet or captures it: the driver copies what it needs, and kernels stay.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "gems/dsl/signature.h"
#include "gems/runtime/arguments.h"

namespace gems {

class Plan;
struct Variant;
struct PlanEnd {
  void operator()(const Plan* plan) const;
};
using PlanPtr = std::unique_ptr<const Plan, PlanEnd>;

// Of one geometry.
struct PlanTensors {
  std::span<const TensorView> operands;  // those in memory
  // One for each result, all of the broadcast shape. Of a rowwise op, operands and results have the rank of its
  // elements, with size 1 in the dimensions along which they do not vary (rows: in the reduced ones, columns: in the
  // kept ones).
  std::span<const TensorView> results;
  std::uint64_t reduced = 0;  // rowwise: one bit for each dimension that is reduced, outermost first
};

// What calls of one signature on one device have in common. Thread-safe; an op lives until the process ends.
class Planner {
 public:
  // Throws gems::Error naming op and operand where the signature is no call of the op.
  Planner(const Signature& signature, Device device);

  // Checks shapes (operands broadcast to the results' shape), chooses layout and variant, compiles what is not in
  // memory or on disk. Throws gems::Error naming op and operand; nothing is launched. One compile per variant however
  // many threads ask.
  PlanPtr plan(const PlanTensors& tensors) const;

  // True when the variant that the tensors need is in memory already: no compile, no load, no disk.
  bool is_planned(const PlanTensors& tensors) const;

  // Of a rowwise op.
  const TraceGraph& trace() const { return trace_; }

 private:
  struct Analysis;
  const Variant& variant_of(const Analysis& analysis) const;

  Signature signature_;
  Device device_;
  std::size_t number_count_ = 0;
  TraceGraph trace_;
  // Those that were found last: to compare their layouts takes less than to hash the signature.
  mutable std::array<std::atomic<const Variant*>, 4> last_variants_{};
  mutable std::atomic<unsigned> next_variant_{0};
};

// Bytes of device memory that a launch needs for the time that its kernels run; mostly 0.
std::size_t scratch_bytes(const Plan& plan);

// tensors: addresses of the operands in memory, in order, then of the results, then of the scratch memory where
// scratch_bytes is not 0 (aligned to 16 bytes). numbers: of the operands not in memory,
// in order. stream: a CUstream (null: the default stream); ignored on the CPU. No allocation, no lock. Throws
// gems::Error when the driver refuses the launch.
void launch(const Plan& plan, std::span<void* const> tensors, std::span<const NumberValue> numbers, void* stream);

// Splits [0, count) into pieces of at least `grain` and calls fn(begin, end) on them, possibly at once in several
// threads; returns when all are done. The runtime's own thread pool unless a host program installs its own.
using ParallelFor = void (*)(std::int64_t count, std::int64_t grain, void* context,
                             void (*fn)(void* context, std::int64_t begin, std::int64_t end));
void set_parallel_for(ParallelFor parallel_for);

}  // namespace gems
