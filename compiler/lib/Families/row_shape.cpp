// How the elements of a row are shared out among threads. See row_shape.h.
#include "Families/row_shape.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

namespace gems {

int row_width(const KernelFacts& facts) {
  int widest = 0;
  for (const Traffic& traffic : facts.traffic)
    if (traffic.extent == Extent::Element && !traffic.is_unread) widest = std::max(widest, traffic.size_bytes);
  if (widest == 0) return 1;
  const int width = tuning::AccessBytes / widest;
  return facts.sum_bytes > 0 ? std::min(width, tuning::SummedWidth) : width;
}

namespace {

// Registers of one vector of each operand of an extent.
int held_words(const KernelFacts& facts, Extent extent = Extent::Element) {
  int words = 0;
  for (const Traffic& traffic : facts.traffic)
    if (traffic.extent == extent && !traffic.is_result && !traffic.is_unread)
      words += static_cast<int>(ceil_div(traffic.size_bytes * row_width(facts), 4));
  return words;
}

// As many threads as have registers for four vectors of each operand, for what the rows have in common, and for the
// sums of their columns.
HeldRows summed_rows(const KernelFacts& facts) {
  using namespace tuning;
  const int held = RowGroup * held_words(facts), sums = RowGroup * row_width(facts) * facts.sum_bytes / 4;
  const int words =
      OtherRegisters + held + RowGroup * held_words(facts, Extent::Column) + sums + (loads_ahead(facts) ? held : 0);
  if (words > ThreadRegisters) return {.threads = LoopedSumsThreads};
  const int threads = std::min(Registers / words / SummedThreads * SummedThreads, RowThreads);
  return {.threads = threads, .few = RowGroup * threads, .all = RowGroup * threads};
}

}  // namespace

bool loads_ahead(const KernelFacts& facts) {
  return facts.sum_bytes > 0 && tuning::RowGroup * held_words(facts) <= tuning::AheadRegisters;
}

std::optional<StagedSchedule> staged_rows(const KernelFacts& facts, const tuning::Device& device) {
  if (device.cluster == 1 || !facts.reduces || facts.reads_once || facts.picks || facts.sum_bytes > 0) return {};
  StagedSchedule staged{
      .width = row_width(facts), .threads = tuning::RowThreads, .bytes = 0, .cluster = device.cluster};
  bool is_written = false;
  for (const Traffic& traffic : facts.traffic) {
    if (traffic.extent != Extent::Element || traffic.is_unread) continue;
    const int bytes = traffic.size_bytes * staged.width;
    if (bytes < tuning::StagedLeastBytes) return {};
    if (!traffic.is_result) staged.bytes += bytes;
    is_written = is_written || traffic.is_result;
  }
  if (!is_written || staged.bytes == 0) return {};
  const int warps = staged.threads / tuning::WarpThreads;
  const int others = tuning::StagedStates * facts.partial_bytes + tuning::StagedOtherBytes;
  const int slots = (device.shared_bytes - others) / (tuning::StagedWarpVectors * staged.bytes) / warps;
  staged.slots = std::min(slots, tuning::StagedSlots);
  if (staged.slots < tuning::StagedLeastSlots) return {};
  return staged;
}

std::int64_t most_staged_vectors(const StagedSchedule& staged) {
  return std::int64_t{staged.threads} * staged.cluster * staged.slots;
}

std::int64_t staged_shared_bytes(const StagedSchedule& staged, std::int64_t threads) {
  return threads / tuning::WarpThreads * tuning::StagedWarpVectors * staged.bytes * staged.slots;
}

int once_read_blocks(const KernelFacts& facts) {
  const bool is_light = facts.layout != LayoutClass::RowGeneric && held_words(facts) <= tuning::EightHeldWords;
  if (!facts.reads_once || !is_light) return 1;
  return facts.is_aligned() ? tuning::OnceReadBlocks : tuning::OnceReadBlocksUnaligned;
}

HeldRows held_rows(const KernelFacts& facts, const tuning::Device& device) {
  using namespace tuning;
  if (facts.reads_once)
    return {.threads = OnceReadRowThreads, .few_threads = OnceReadShortThreads, .few = OnceReadShortVectors};
  if (facts.sum_bytes > 0) return summed_rows(facts);
  const int words = held_words(facts);
  if (words <= EightHeldWords) {
    const int most = (staged_rows(facts, device) ? 4 : 8) * RowThreads;
    return {.threads = RowThreads, .few = FewRowVectors, .all = most, .ragged = RaggedRowVectors};
  }
  const int threads = words <= FourHeldWords ? RowThreads : RowThreads / 2;
  const int all = words <= MostHeldWords ? 4 * threads : 0;
  return {.threads = threads, .few = all, .all = all, .ragged = std::min(all, RaggedRowVectors)};
}

std::int64_t threads_of_row(std::int64_t vectors, int vectors_of_thread, int most_threads) {
  const std::int64_t threads = std::clamp<std::int64_t>(ceil_div(vectors, vectors_of_thread), 1, most_threads);
  if (threads >= tuning::WarpThreads) return ceil_div(threads, tuning::WarpThreads) * tuning::WarpThreads;
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(threads)));
}

Blocks row_blocks(const Geometry& geometry, std::int64_t threads, int block_threads) {
  const std::int64_t rows = size_from(geometry, geometry.reduced_rank);
  const std::int64_t together = threads > tuning::WarpThreads ? 1 : block_threads / threads;
  return {.count = ceil_div(rows, together), .x = threads, .y = together, .rows = rows};
}

std::string row_blocks_text(const std::string& threads, int block_threads, const std::string& grid) {
  return fmt::format(
      "bx = {}, up to {} a power of two, else a multiple of {}; block (bx, by), by = bx > {} ? 1 : {} / bx; grid {}",
      threads, tuning::WarpThreads, tuning::WarpThreads, tuning::WarpThreads, block_threads, grid);
}

namespace {
bool is_shared(const KernelFacts& facts) { return facts.reads_once && facts.partial_bytes > 0; }
}  // namespace

int chunk_of(const KernelFacts& facts, int elements) { return is_shared(facts) ? elements : 0; }
int partial_of(const KernelFacts& facts) { return is_shared(facts) ? facts.partial_bytes : 0; }

namespace {

struct Walk {
  int sums, processors, threads;
};
Walk walk_of(const Schedule& schedule) {
  if (const auto* held = std::get_if<HeldSchedule>(&schedule)) return {held->sums, held->processors, held->threads};
  if (const auto* looped = std::get_if<LoopedSchedule>(&schedule))
    return {looped->sums, looped->processors, looped->threads};
  return {};
}

}  // namespace

void walk_rows(Blocks& blocks, const Geometry& geometry, const Schedule& schedule, bool joins) {
  const Walk walk = walk_of(schedule);
  if (walk.sums == 0) return;
  const std::int64_t most = walk.processors * std::max<std::int64_t>(walk.threads / (blocks.x * blocks.y), 1);
  // All walk over as many rows as the one that has most.
  if (blocks.count > 0) blocks.count = ceil_div(blocks.count, ceil_div(blocks.count, most));
  blocks.sums = joins ? blocks.count : std::min(blocks.rows, blocks.count * blocks.y);
  blocks.sum_bytes = walk.sums;
  blocks.fold = {
      .count = ceil_div(columns_of(geometry), tuning::FoldColumns), .x = tuning::FoldColumns, .y = tuning::FoldThreads};
}

std::string walking_text(const Schedule& schedule, const std::string& blocks) {
  const Walk walk = walk_of(schedule);
  if (walk.sums == 0) return blocks;
  return fmt::format(
      "up to min({}, {} * max({} / (bx * by), 1)); then NAME_fold, block ({}, {}), grid ceil(columns / {})", blocks,
      walk.processors, walk.threads, tuning::FoldColumns, tuning::FoldThreads, tuning::FoldColumns);
}

void share_rows(Blocks& blocks, const Geometry& geometry, int chunk, int partial) {
  if (chunk == 0) return;
  blocks.parts = std::max<std::int64_t>(ceil_div(columns_of(geometry), chunk), 1);
  blocks.partial_bytes = partial;
}

std::string shared_text(int chunk) {
  if (chunk == 0) return {};
  return fmt::format(", parts), parts = ceil(columns / {}); where parts > 1, NAME_fold after it", chunk);
}

std::vector<GeometryField> row_parameters(const Schedule& schedule, const Layout& layout, TensorCounts tensors) {
  using Kind = GeometryField::Kind;
  const LayoutTraits& kind = traits(layout.cls);
  const int reduced = kind.is_wide ? kind.rank / 2 : 1;
  std::vector<GeometryField> fields;
  for (int dim = 0; dim + 1 < reduced; ++dim) fields.push_back({Kind::Size, FieldType::Wide, dim});
  for (int dim = reduced; dim + 1 < kind.rank; ++dim) fields.push_back({Kind::Size, FieldType::Divisor, dim});
  fields.insert(fields.end(), {{Kind::Rows, FieldType::Narrow}, {Kind::Columns, FieldType::Wide}});
  if (walk_of(schedule).sums > 0) fields.push_back({Kind::Sums, FieldType::Narrow});
  add_strides(fields, FieldType::Wide, layout, tensors);
  return fields;
}

}  // namespace gems
