// The looped family: schedule, parameters and launch of kernels that read a row anew in each sweep. LoopedText.cpp
// prints them.
#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "Families/row_shape.h"

namespace gems {
namespace {

Schedule choose(const KernelFacts& facts, const tuning::Device& device) {
  const HeldRows held = held_rows(facts, device);
  return LoopedSchedule{.width = row_width(facts),
                        .threads = held.threads,
                        .block = tuning::RowsBlockThreads,
                        .min_blocks_per_sm = once_read_blocks(facts),
                        .few = std::max(held.few, 1),
                        .few_threads = held.few_threads,
                        .held = held.all,
                        .ragged = held.ragged,
                        .ragged_vectors = tuning::RaggedThreadVectors,
                        .ragged_threads = std::min(held.threads, tuning::RaggedThreads),
                        .chunk = chunk_of(facts, tuning::ChunkElements),
                        .partial = partial_of(facts),
                        .sums = facts.sum_bytes,
                        .processors = facts.sum_bytes > 0 ? device.processors : 0};
}

std::int64_t ragged_threads(const LoopedSchedule& looped, std::int64_t vectors) {
  const auto threads = std::bit_floor(static_cast<std::uint64_t>(vectors / looped.ragged_vectors));
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(threads), looped.ragged_threads, looped.threads);
}

Blocks blocks(const Schedule& schedule, LayoutClass, const Geometry& geometry) {
  const auto& looped = std::get<LoopedSchedule>(schedule);
  const std::int64_t vectors = ceil_div(columns_of(geometry), looped.width);
  const bool is_held = vectors <= most_vectors(looped.held, looped.ragged, looped.width, columns_of(geometry));
  const bool is_ragged = !is_held && vectors <= looped.held;
  const int most = vectors <= looped.few ? looped.few_threads : looped.threads;
  const std::int64_t threads = is_ragged ? ragged_threads(looped, vectors)
                                         : threads_of_row(vectors, is_held && vectors > looped.few ? 8 : 4, most);
  Blocks blocks = row_blocks(geometry, threads, looped.block);
  share_rows(blocks, geometry, looped.chunk, looped.partial);
  walk_rows(blocks, geometry, schedule, false);
  // A block folds a row.
  if (blocks.parts > 1)
    blocks.fold = {.count = blocks.rows,
                   .x = threads_of_row(std::max<std::int64_t>(blocks.parts, 32), 1, looped.threads)};
  return blocks;
}

std::string launch_text(const Schedule& schedule) {
  const auto& looped = std::get<LoopedSchedule>(schedule);
  std::string of_thread = fmt::format("{}", 4 * looped.width);
  if (looped.held > looped.few)
    of_thread = fmt::format("(columns > {} && columns <= {} ? {} : {})", looped.few * looped.width,
                            looped.held * looped.width, 8 * looped.width, of_thread);
  std::string most = fmt::format("{}", looped.threads);
  if (looped.few_threads < looped.threads)
    most = fmt::format("(columns <= {} ? {} : {})", looped.few * looped.width, looped.few_threads, most);
  std::string threads = fmt::format("min({}, ceil(columns / {}))", most, of_thread);
  if (looped.held > looped.ragged)
    threads = fmt::format(
        "(columns % {0} != 0 && columns > {1} && columns <= {2} ? clamp(bit_floor(ceil(columns / {0}) / {3}), {4}, "
        "{5}) : {6})",
        looped.width, looped.ragged * looped.width, looped.held * looped.width, looped.ragged_vectors,
        looped.ragged_threads, looped.threads, threads);
  return row_blocks_text(threads, looped.block,
                         looped.sums > 0 ? walking_text(schedule, "ceil(rows / by)")
                                         : fmt::format("(ceil(rows / by){})", shared_text(looped.chunk)));
}

}  // namespace

constinit const KernelFamily looped_family{choose, no_problem, row_parameters, blocks, launch_text};

}  // namespace gems
