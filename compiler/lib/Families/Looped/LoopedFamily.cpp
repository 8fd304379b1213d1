// The looped family: schedule, parameters and launch of kernels that read a row anew in each sweep. LoopedText.cpp
// prints them.
#include <fmt/format.h>

#include "Families/row_shape.h"

namespace gems {
namespace {

Schedule choose(const KernelFacts& facts, const tuning::Device& device) {
  const HeldRows held = held_rows(facts);
  return LoopedSchedule{.width = row_width(facts),
                        .threads = held.threads,
                        .block = tuning::RowsBlockThreads,
                        .min_blocks_per_sm = once_read_blocks(facts),
                        .few = std::max(held.few, 1),
                        .few_threads = held.few_threads,
                        .held = held.all,
                        .ragged = held.ragged,
                        .ragged_vectors = tuning::RaggedThreadVectors,
                        .chunk = chunk_of(facts, tuning::ChunkElements),
                        .partial = partial_of(facts),
                        .sums = facts.sum_bytes,
                        .processors = facts.sum_bytes > 0 ? device.processors : 0};
}

Blocks blocks(const Schedule& schedule, LayoutClass, const Geometry& geometry) {
  const auto& looped = std::get<LoopedSchedule>(schedule);
  const std::int64_t vectors = ceil_div(columns_of(geometry), looped.width);
  const bool is_held = vectors <= most_vectors(looped.held, looped.ragged, looped.width, columns_of(geometry));
  const bool is_ragged = !is_held && vectors <= looped.held;
  const int of_thread = is_ragged ? looped.ragged_vectors : is_held && vectors > looped.few ? 8 : 4;
  const int threads = vectors <= looped.few ? looped.few_threads : looped.threads;
  Blocks blocks = row_blocks(geometry, threads_of_row(vectors, of_thread, threads), looped.block);
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
  if (looped.held > looped.ragged)
    of_thread = fmt::format("(columns % {0} != 0 && columns > {1} && columns <= {2} ? {3} : {4})", looped.width,
                            looped.ragged * looped.width, looped.held * looped.width,
                            looped.ragged_vectors * looped.width, of_thread);
  std::string most = fmt::format("{}", looped.threads);
  if (looped.few_threads < looped.threads)
    most = fmt::format("(columns <= {} ? {} : {})", looped.few * looped.width, looped.few_threads, most);
  return row_blocks_text(fmt::format("min({}, ceil(columns / {}))", most, of_thread), looped.block,
                         looped.sums > 0 ? walking_text(schedule, "ceil(rows / by)")
                                         : fmt::format("(ceil(rows / by){})", shared_text(looped.chunk)));
}

}  // namespace

constinit const KernelFamily looped_family{choose, no_problem, row_parameters, blocks, launch_text};

}  // namespace gems
