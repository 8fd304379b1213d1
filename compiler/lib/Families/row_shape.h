// How the elements of a row are shared out among threads: what the families of rowwise kernels have in common, so that
// a row is combined in one order whichever of them it gets.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "Families/Families.h"

namespace gems {

// Elements of a vector: 16 bytes of the widest tensor of element extent.
int row_width(const KernelFacts& facts);

// How many vectors a row may have, for a thread to hold four of them, and at all (0: no row is held); and where the
// last vector of a row is no whole one.
struct HeldRows {
  int threads = 0;            // of a row, at most
  int few_threads = threads;  // of a row of few vectors
  int few = 0;
  int all = 0;
  int ragged = all;
};
HeldRows held_rows(const KernelFacts& facts, const tuning::Device& device);
// Of rows of so many columns.
inline int most_vectors(int all, int ragged, int width, std::int64_t columns) {
  return columns % width == 0 ? all : ragged;
}
// Rows that come through shared memory; nothing: none does.
std::optional<StagedSchedule> staged_rows(const KernelFacts& facts, const tuning::Device& device);
// How many vectors such a row may be in, and bytes of shared memory of a block.
std::int64_t most_staged_vectors(const StagedSchedule& staged);
std::int64_t staged_shared_bytes(const StagedSchedule& staged, std::int64_t threads);
// How many blocks a multiprocessor should have at once; 1: as many as it can.
int once_read_blocks(const KernelFacts& facts);
// Whether a thread that holds a row has registers for the next one.
bool loads_ahead(const KernelFacts& facts);

// Threads of a row of so many vectors: a power of two up to a warp, whole warps above.
std::int64_t threads_of_row(std::int64_t vectors, int vectors_of_thread, int most_threads);

// Rows, several of them in a block where they are short.
Blocks row_blocks(const Geometry& geometry, std::int64_t threads, int block_threads);

// Elements of a row that a block reads where blocks share rows, and bytes of what each finds; 0 where none does.
int chunk_of(const KernelFacts& facts, int elements);
int partial_of(const KernelFacts& facts);
// Of kernels that sum over all rows: no more blocks than run at once, which walk over the rows. `joins`: those of a
// block leave their sums together.
void walk_rows(Blocks& blocks, const Geometry& geometry, const Schedule& schedule, bool joins);
// The same as the emitted text says it, of the number of blocks that have all rows.
std::string walking_text(const Schedule& schedule, const std::string& blocks);
// How many blocks share each row.
void share_rows(Blocks& blocks, const Geometry& geometry, int chunk, int partial);
// Of the grid: ", parts", and what they are.
std::string shared_text(int chunk);

// The launch of row_blocks, as the emitted text says it: "bx = ..., block (bx, by), by = ...; grid ...".
std::string row_blocks_text(const std::string& threads, int block_threads, const std::string& grid);

// Sizes of the kept dimensions, and all strides but those along rows that are dense.
std::vector<GeometryField> row_parameters(const Schedule& schedule, const Layout& layout, TensorCounts tensors);

}  // namespace gems
