// Chooses family, vector width and unroll of a CUDA kernel. Every constant is in this file.
#include "gems/compiler/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <span>

#include "schedule_choice.h"

namespace gems {
namespace {

// Sources: bytes in flight per multiprocessor from CUB's tuning policies (sm_90: its value for the H100); resident
// threads are what 32 registers a thread allow. On an H100, one 16-byte vector a thread reached the speed of a copy
// wherever two did, but for long polynomials on two-byte types (erf 95 against 100 %, log 96 against 100 %).
struct ArchitectureTuning {
  int arch;  // and above
  int bytes_in_flight;
  int resident_threads;
};
constexpr ArchitectureTuning tuning_table[] = {
    {100, 64 * 1024, 2048},
    {90, 32 * 1024, 2048},
    {80, 16 * 1024, 2048},
    {0, 12 * 1024, 1024},
};

constexpr int access_bytes = 16;        // widest access of one thread
constexpr int narrow_access_bytes = 4;  // least that the narrowest operand should move at once
constexpr int wide_vector_bytes = 64;   // most that the widest operand moves for one vector
constexpr int unaligned_pieces = 2;     // accesses that an unaligned operand may need for one vector
constexpr int heavy_elements = 8;       // unrolled elements a thread when the body is heavy: bounds compile time
constexpr int most_elements = 16;       // and when it is not
constexpr int most_unroll = 4;
constexpr int chain_width = 8;   // a long polynomial on vectors of this many (two-byte) elements
constexpr int chain_unroll = 2;  // takes two of them, so that one chain runs while the other waits
constexpr int generic_unroll = 4;
constexpr int threads_per_block = 256;

const ArchitectureTuning& tuning_for(CudaTarget target) {
  return *std::ranges::find_if(tuning_table, [&](const auto& row) { return target.arch >= row.arch; });
}

Family choose_family(const ScheduleFacts& facts) {
  for (const Traffic& traffic : facts.traffic)
    if (traffic.inner == Step::Strided || (traffic.is_result && traffic.inner != Step::Contiguous))
      return Family::Generic;
  if (facts.rank == 1) return Family::Flat;
  return facts.rank <= 3 ? Family::Rows : Family::Generic;
}

// Elements that one access of this operand can move.
int elements_per_access(const Traffic& traffic) {
  const int bytes = traffic.align_bytes >= access_bytes ? access_bytes : traffic.align_bytes;
  return std::max(1, bytes / traffic.size_bytes);
}

int choose_width(const ScheduleFacts& facts) {
  int widest = 1;
  int narrowest = 16;
  int unaligned = most_elements;
  for (const Traffic& traffic : facts.traffic) {
    if (traffic.inner == Step::Broadcast) continue;
    widest = std::max(widest, traffic.size_bytes);
    narrowest = std::min(narrowest, traffic.size_bytes);
    if (traffic.align_bytes < access_bytes)
      unaligned = std::min(unaligned, std::max(1, unaligned_pieces * elements_per_access(traffic)));
  }
  int width = access_bytes / widest;
  // With 1- and 4-byte operands together, 8 elements: two accesses on the wide side, one of 8 bytes on the narrow one.
  const int narrow_bytes = widest >= 4 * narrowest ? 2 * narrow_access_bytes : narrow_access_bytes;
  width = std::max(width, narrow_bytes / narrowest);
  width =
      std::min({width, wide_vector_bytes / widest, unaligned, facts.functions > 0 ? heavy_elements : most_elements});
  return static_cast<int>(std::bit_floor(static_cast<unsigned>(std::max(width, 1))));
}

int choose_unroll(const ScheduleFacts& facts, int width, CudaTarget target) {
  const ArchitectureTuning& tuning = tuning_for(target);
  int read_bytes = 0;  // by one thread, for one vector
  for (const Traffic& traffic : facts.traffic)
    if (!traffic.is_result && traffic.inner != Step::Broadcast) read_bytes += traffic.size_bytes * width;
  if (read_bytes == 0) return 1;
  const int wanted = tuning.bytes_in_flight / tuning.resident_threads;
  const int unroll = static_cast<int>(std::bit_ceil(static_cast<unsigned>((wanted + read_bytes - 1) / read_bytes)));
  const bool is_chain = facts.functions == 1 && facts.is_polynomial && width == chain_width;
  if (is_chain) return std::max(unroll, chain_unroll);
  const int elements = facts.functions > 0 ? heavy_elements : most_elements;
  const int most = std::max(1, std::min(most_unroll, elements / width));
  // As many elements a thread as if every operand were aligned.
  ScheduleFacts aligned = facts;
  for (Traffic& traffic : aligned.traffic) traffic.align_bytes = access_bytes;
  return std::max(std::min(unroll, most), choose_width(aligned) / width);
}

bool is_function(ScalarOp op) {
  switch (op) {
    case ScalarOp::Exp:
    case ScalarOp::Exp2:
    case ScalarOp::Expm1:
    case ScalarOp::Log:
    case ScalarOp::Log2:
    case ScalarOp::Log10:
    case ScalarOp::Log1p:
    case ScalarOp::Sin:
    case ScalarOp::Cos:
    case ScalarOp::Tan:
    case ScalarOp::Asin:
    case ScalarOp::Acos:
    case ScalarOp::Atan:
    case ScalarOp::Sinh:
    case ScalarOp::Cosh:
    case ScalarOp::Tanh:
    case ScalarOp::Sigmoid:
    case ScalarOp::Erf:
    case ScalarOp::Erfc:
    case ScalarOp::Pow:
    case ScalarOp::Atan2:
    case ScalarOp::Fmod:
    case ScalarOp::Remainder:
    case ScalarOp::FloorDiv:
      return true;
    default:
      return false;
  }
}

bool is_polynomial(ScalarOp op) {
  switch (op) {
    case ScalarOp::Erf:
    case ScalarOp::Erfc:
    case ScalarOp::Log:
    case ScalarOp::Log2:
    case ScalarOp::Log10:
    case ScalarOp::Log1p:
      return true;
    default:
      return false;
  }
}

}  // namespace

Schedule choose_schedule(const ScheduleFacts& facts, CudaTarget target) {
  Schedule schedule;
  schedule.family = choose_family(facts);
  schedule.threads = threads_per_block;
  if (schedule.family == Family::Generic) {
    schedule.width = 1;
    schedule.unroll = generic_unroll;
    return schedule;
  }
  schedule.width = choose_width(facts);
  schedule.unroll = choose_unroll(facts, schedule.width, target);
  return schedule;
}

Schedule choose_schedule(const TraceGraph& graph, const Layout& layout, CudaTarget target) {
  ScheduleFacts facts{.rank = layout.rank, .traffic = {}};
  std::size_t next = 0;
  for (const TraceOperand& operand : graph.operands) {
    if (operand.form != OperandForm::Tensor) continue;
    const OperandLayout& where = layout.operands[next++];
    facts.traffic.push_back({static_cast<int>(size_bytes(operand.storage)), where.align_bytes, where.steps[0], false});
  }
  for (std::size_t i = 0; i < graph.results.size(); ++i) {
    const OperandLayout& where = layout.results[i];
    facts.traffic.push_back(
        {static_cast<int>(size_bytes(graph.results[i].dtype)), where.align_bytes, where.steps[0], true});
  }
  for (const TraceNode& node : graph.nodes) {
    facts.functions += is_function(node.op);
    facts.is_polynomial |= is_polynomial(node.op);
  }
  return choose_schedule(facts, target);
}

std::string_view name(Family family) {
  switch (family) {
    case Family::Flat:
      return "flat";
    case Family::Rows:
      return "rows";
    case Family::Generic:
      return "generic";
  }
  return {};
}

std::string to_string(const Schedule& schedule) {
  return fmt::format("family={} width={} unroll={} threads={}", name(schedule.family), schedule.width, schedule.unroll,
                     schedule.threads);
}

}  // namespace gems
