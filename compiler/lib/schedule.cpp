// Chooses family, vector width and unroll of a CUDA kernel. Every constant is in this file.
#include "gems/compiler/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <span>

#include "schedule_choice.h"

namespace gems {
namespace {

// Sources: bytes in flight per multiprocessor from CUB's tuning policies (sm_90: its value for the H100; sm_120, whose
// multiprocessors have an A100's bandwidth: the A100's); resident threads are what 32 registers a thread allow.
// The others, measured: an H100 reaches the speed of a copy in blocks of 256, an H200 in blocks of 128 (functions of
// f32 and two-byte types 99-101 % of a copy; in blocks of 256 96 %, of 512 95 %). On the H200 a second vector of a
// thread brings log and sin of bf16 from 96 to 99 %, but costs 7 % where elements are few, and tiles of bf16 are 3-11 %
// faster when registers allow all threads at once. On the H100 smaller tiles made the sum with a transpose 3 % faster
// for u8 and 3 % slower for f32. Not measured: sm_100 and sm_120.
struct ArchitectureTuning {
  int arch;         // and above
  int memory_gbps;  // and above
  int bytes_in_flight;
  int resident_threads;
  int threads;            // of a block by rows, or when the body has functions
  int long_unroll;        // vectors of a thread when it has long ones, and moves two-byte elements, one of them read
  int tile_bytes;         // at most, of all tiles in shared memory
  int narrow_tile_bytes;  // the same when no element has more than two bytes
  int tile_blocks;        // at once on a multiprocessor, at least
};
constexpr ArchitectureTuning tuning_table[] = {
    {120, 0, 16 * 1024, 1536, 256, 1, 40 * 1024, 40 * 1024, 1},
    {100, 0, 64 * 1024, 2048, 128, 2, 24 * 1024, 24 * 1024, 8},
    {90, 4000, 32 * 1024, 2048, 128, 2, 24 * 1024, 24 * 1024, 8},
    {90, 0, 32 * 1024, 2048, 256, 1, 40 * 1024, 24 * 1024, 1},
    {80, 0, 16 * 1024, 2048, 256, 1, 40 * 1024, 40 * 1024, 1},
    {0, 0, 12 * 1024, 1024, 256, 1, 40 * 1024, 40 * 1024, 1},
};

constexpr int access_bytes = 16;        // widest access of one thread
constexpr int narrow_access_bytes = 4;  // least that the narrowest operand should move at once
constexpr int wide_vector_bytes = 64;   // most that all operands together are read of for one vector
constexpr int heavy_elements = 8;       // unrolled elements a thread when the body is heavy: bounds compile time
constexpr int most_elements = 16;       // and when it is not
constexpr int most_unroll = 4;
constexpr int long_cost = 20;     // from here on a second vector pays, where memory is fast
constexpr int longest_cost = 40;  // from here on compiling takes too long with several vectors of eight elements
constexpr int generic_unroll = 4;
constexpr int outer_unroll = 4;
constexpr int threads_per_block = 256;
// Of bodies that compute long between load and store: a block's threads end, and the next block begins, sooner. On an
// H100 pow of f32 came from 92 to 99 % of a copy, gelu of unaligned bf16 from 94 to 100 %.
constexpr int threads_of_long_bodies = 128;

// Tiles, by the bytes of the widest element: of many shapes measured on an H200, those with the fastest turned copy
// (f32 97 % of a plain copy, bf16 95 %, u8 95 %, f64 96 %). All have 64 columns or 256 bytes of rows, and vectors of 8
// bytes: vectors of 16 gave 76 % for f32 and bf16 on sizes other than powers of two. The order of blocks made no
// difference.
struct TileTuning {
  int size_bytes;
  int lanes;
  int width;
  int vectors;  // of one thread
};
constexpr TileTuning tile_table[] = {{1, 8, 8, 8}, {2, 16, 4, 8}, {4, 32, 2, 8}, {8, 16, 2, 2}, {16, 8, 1, 2}};
constexpr int unaligned_tile_lanes = 32;  // with single elements, which a warp stores side by side
constexpr int bank_bytes = 4;             // neighbouring rows of narrow types share a bank
// Edges need not be as fast as whole tiles, which all code for them would have to be compiled for.
constexpr int edge_vectors_at_once = 4;

const ArchitectureTuning& tuning_for(CudaTarget target) {
  return *std::ranges::find_if(
      tuning_table, [&](const auto& row) { return target.arch >= row.arch && target.memory_gbps >= row.memory_gbps; });
}

int choose_width(const ScheduleFacts& facts) {
  int widest = 1;
  int widest_result = 1;
  int narrowest = 16;
  int read_bytes = 0;  // of one element of each operand
  for (const Traffic& traffic : facts.traffic) {
    if (traffic.is_single) continue;
    if (!traffic.is_result) read_bytes += traffic.size_bytes;
    widest = std::max(widest, traffic.size_bytes);
    narrowest = std::min(narrowest, traffic.size_bytes);
    if (traffic.is_result) widest_result = std::max(widest_result, traffic.size_bytes);
  }
  int width = access_bytes / widest;
  // With 1- and 4-byte operands together, 8 elements: two accesses on the wide side, one of 8 bytes on the narrow one.
  const int narrow_bytes = widest >= 4 * narrowest ? 2 * narrow_access_bytes : narrow_access_bytes;
  width = std::max(width, narrow_bytes / narrowest);
  // Several loads of one thread meet in the first-level cache, but only so many: two operands of i64 in vectors of
  // eight made comparisons 0.68 of eager's speed on an H100. Several stores would each reach the second in parts.
  const int most_read = std::max(access_bytes / widest, wide_vector_bytes / std::max(read_bytes, 1));
  width =
      std::min({width, most_read, access_bytes / widest_result, facts.functions > 0 ? heavy_elements : most_elements});
  return static_cast<int>(std::bit_floor(static_cast<unsigned>(std::max(width, 1))));
}

int choose_unroll(const ScheduleFacts& facts, int width, CudaTarget target) {
  const ArchitectureTuning& tuning = tuning_for(target);
  int read_bytes = 0;  // by one thread, for one vector
  for (const Traffic& traffic : facts.traffic)
    if (!traffic.is_result && !traffic.is_single) read_bytes += traffic.size_bytes * width;
  if (read_bytes == 0) return 1;
  const int wanted = tuning.bytes_in_flight / tuning.resident_threads;
  const int unroll = static_cast<int>(std::bit_ceil(static_cast<unsigned>((wanted + read_bytes - 1) / read_bytes)));
  // With two operands and more a second vector cost up to 8 % on an H200.
  const bool is_narrow =
      std::ranges::all_of(facts.traffic, [](const Traffic& traffic) { return traffic.size_bytes == 2; });
  if (is_narrow && facts.costliest >= long_cost && facts.costliest < longest_cost && read_bytes <= access_bytes)
    return std::max(unroll, tuning.long_unroll);
  const int elements = facts.functions > 0 ? heavy_elements : most_elements;
  if (facts.costliest >= longest_cost) return std::max(1, elements / width);
  return std::min(unroll, std::max(1, std::min(most_unroll, elements / width)));
}

// A tile in shared memory for each operand that is read; the widest element decides its shape, and halves what is too
// much for all.
void choose_tile(const ScheduleFacts& facts, CudaTarget target, Schedule& schedule) {
  int widest = 1;
  int narrowest_read = 16;
  int read_bytes = 0;  // of one element of each operand
  const bool is_aligned = traits(facts.layout).is_aligned;
  for (const Traffic& traffic : facts.traffic) {
    if (traffic.is_single) continue;
    widest = std::max(widest, traffic.size_bytes);
    if (traffic.is_result) continue;
    narrowest_read = std::min(narrowest_read, traffic.size_bytes);
    read_bytes += traffic.size_bytes;
  }
  const TileTuning& tuning = *std::ranges::find(tile_table, widest, &TileTuning::size_bytes);
  schedule.lanes = is_aligned ? tuning.lanes : unaligned_tile_lanes;
  schedule.width = is_aligned ? tuning.width : 1;
  schedule.pack = std::max(1, bank_bytes / narrowest_read);
  schedule.unroll = std::max(1, (is_aligned ? tuning.vectors : access_bytes / widest) / schedule.pack);
  // Functions of wider types need more registers than that leaves.
  if (widest <= 4 || facts.functions == 0) schedule.blocks = tuning_for(target).tile_blocks;
  const int limit = widest <= 2 ? tuning_for(target).narrow_tile_bytes : tuning_for(target).tile_bytes;
  const auto is_too_large = [&] { return schedule.columns() * schedule.rows() * read_bytes > limit; };
  while (is_too_large() && schedule.unroll > 1) schedule.unroll /= 2;
  while (is_too_large() && schedule.width > 1) schedule.width /= 2;
}

}  // namespace

Schedule choose_schedule(const ScheduleFacts& facts, CudaTarget target) {
  Schedule schedule;
  schedule.family = traits(facts.layout).family;
  schedule.threads = threads_per_block;
  if (schedule.family == Family::Generic) {
    schedule.width = 1;
    schedule.unroll = generic_unroll;
    return schedule;
  }
  schedule.width = choose_width(facts);
  if (schedule.family == Family::Tile) {
    choose_tile(facts, target, schedule);
    return schedule;
  }
  const bool is_aligned = traits(facts.layout).is_aligned;
  if (schedule.family == Family::Flat) schedule.unroll = choose_unroll(facts, schedule.width, target);
  // The place of a row takes as many instructions as a vector's elements, which counts where little is read: four
  // vectors of a row brought an outer product on an H200 from 79 to 107 (f32) and 104 % (bf16) of a copy. Other rows
  // lost 0-2 %, functions gained 1 % and took half as long again to compile.
  if (facts.layout == LayoutClass::RowsOuter && facts.functions == 0) schedule.unroll = outer_unroll;
  if (facts.functions > 0 || schedule.family == Family::Rows) schedule.threads = tuning_for(target).threads;
  if (facts.costliest >= (is_aligned ? longest_cost : function_cost)) schedule.threads = threads_of_long_bodies;
  return schedule;
}

Schedule choose_schedule(const TraceGraph& graph, const Layout& layout, CudaTarget target) {
  ScheduleFacts facts{.layout = layout.cls, .traffic = {}};
  std::size_t next = 0;
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor)
      facts.traffic.push_back(
          {.size_bytes = static_cast<int>(size_bytes(operand.storage)), .is_single = layout.is_single(next++)});
  for (const TraceResult& result : graph.results)
    facts.traffic.push_back({.size_bytes = static_cast<int>(size_bytes(result.dtype)), .is_result = true});
  for (const TraceNode& node : graph.nodes) {
    facts.functions += cost(node.op) >= function_cost;
    facts.costliest = std::max(facts.costliest, cost(node.op));
  }
  return choose_schedule(facts, target);
}

int Schedule::edge_vectors() const { return std::min(vectors(), std::max(edge_vectors_at_once, pack)); }

std::string to_string(const Schedule& schedule) {
  std::string text = fmt::format("family={} width={} unroll={} threads={}", name(schedule.family), schedule.width,
                                 schedule.unroll, schedule.threads);
  if (schedule.blocks > 1) text += fmt::format(" blocks={}", schedule.blocks);
  if (schedule.family == Family::Tile) text += fmt::format(" lanes={} pack={}", schedule.lanes, schedule.pack);
  return text;
}

}  // namespace gems
