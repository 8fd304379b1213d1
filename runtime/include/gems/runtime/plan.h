// Plan: a kernel with its geometry, ready to launch any number of times on other addresses with the same dtypes, sizes,
// strides and alignment. make_plan does all the analysis and, on the first use of a variant, the compile; launch does
// none. Plans are immutable, and whoever asks for one owns it: a table of plans, and its bound, are the caller's. A
// plan may end as soon as launch() returns, also when the stream has not run the kernel yet or captures it: the driver
// copies what it needs, and kernels stay. The OpDef of a request must live until the process ends.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "gems/dsl/op.h"
#include "gems/runtime/arguments.h"

namespace gems {

class Plan;

struct PlanRequest {
  const OpDef* op = nullptr;
  std::span<const Argument> operands;  // one for each operand of the op
  // One for each result, all of the broadcast shape. Of a rowwise op, operands and results have the rank of its
  // elements, with size 1 in the dimensions along which they do not vary (rows: in the reduced ones, columns: in the
  // kept ones).
  std::span<const TensorView> results;
  std::uint64_t reduced = 0;  // rowwise: one bit for each dimension that is reduced, outermost first
  Device device;
  DType default_dtype = DType::F32;
};

// Checks shapes (operands broadcast to the results' shape), resolves dtypes, chooses layout and variant, compiles what
// is not in memory or on disk. Throws gems::Error naming op and operand; nothing is launched. Thread-safe; one compile
// per variant however many threads ask.
std::shared_ptr<const Plan> make_plan(const PlanRequest& request);

// Bytes of device memory that a launch needs for the time that its kernels run; mostly 0.
std::size_t scratch_bytes(const Plan& plan);

// tensors: addresses of the operands in memory, in order, then of the results, then of the scratch memory where
// scratch_bytes is not 0 (aligned to 16 bytes). numbers: of the operands not in memory,
// in order. stream: a CUstream (null: the default stream); ignored on the CPU. No allocation, no lock. Throws
// gems::Error when the driver refuses the launch.
void launch(const Plan& plan, std::span<void* const> tensors, std::span<const NumberValue> numbers, void* stream);

// True when the variant that the request needs is in memory already: no compile, no load, no disk.
bool is_planned(const PlanRequest& request);

// Splits [0, count) into pieces of at least `grain` and calls fn(begin, end) on them, possibly at once in several
// threads; returns when all are done. The runtime's own thread pool unless a host program installs its own.
using ParallelFor = void (*)(std::int64_t count, std::int64_t grain, void* context,
                             void (*fn)(void* context, std::int64_t begin, std::int64_t end));
void set_parallel_for(ParallelFor parallel_for);

}  // namespace gems
