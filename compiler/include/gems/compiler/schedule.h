// Schedule: how a CUDA kernel covers the iteration space, as data. Chosen by choose_schedule (a pure function of trace,
// layout and target, with its constants in tuning.h), attached to the kernel as an attribute, obeyed by the emitter.
// What each family does is in compiler/lib/Families.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "gems/compiler/layout.h"
#include "gems/dsl/trace.h"

namespace gems {

// All fields of a schedule are printed, parsed, hashed and verified through its list of them.
template <class S>
struct ScheduleField {
  std::string_view name;
  int S::* value;
  int least, most;
  bool is_power = true;  // of two
};

struct FlatSchedule {
  int width = 4;      // elements per vector
  int unroll = 1;     // vectors of a thread
  int threads = 256;  // per block
  int few = 1;        // elements of a call up to which each has a thread

  static constexpr std::array<ScheduleField<FlatSchedule>, 4> fields{{
      {"width", &FlatSchedule::width, 1, 16},
      {"unroll", &FlatSchedule::unroll, 1, 16, false},
      {"threads", &FlatSchedule::threads, 32, 1024},
      {"few", &FlatSchedule::few, 1, 1 << 20},
  }};
  auto operator<=>(const FlatSchedule&) const = default;
};

struct RowsSchedule {
  int width = 4;       // elements per vector
  int unroll = 1;      // vectors of a thread, in one row
  int threads = 256;   // per block at most, split into rows and columns at launch
  int whole_path = 1;  // 1: whole vectors of operands that are dense or broadcast have code of their own

  static constexpr std::array<ScheduleField<RowsSchedule>, 4> fields{{
      {"width", &RowsSchedule::width, 1, 16},
      {"unroll", &RowsSchedule::unroll, 1, 16, false},
      {"threads", &RowsSchedule::threads, 32, 1024},
      {"whole_path", &RowsSchedule::whole_path, 0, 1, false},
  }};
  auto operator<=>(const RowsSchedule&) const = default;
};

// A block covers columns() by rows(). Partial tiles are processed edge_vectors vectors of a thread at a time, to bound
// the size of the code.
struct TileSchedule {
  int width = 4;              // elements per vector
  int unroll = 1;             // groups of rows of a thread
  int threads = 256;          // per block
  int min_blocks_per_sm = 1;  // that the registers of a thread must leave room for
  int threads_x = 8;          // along dimension 0
  int rows_packed = 1;        // neighbouring rows of one group
  int whole_path = 1;         // 1: whole tiles have code of their own
  int edge_vectors = 1;
  int columns() const { return threads_x * width; }
  int rows() const { return threads / threads_x * vectors_per_thread(); }
  int vectors_per_thread() const { return rows_packed * unroll; }

  static constexpr std::array<ScheduleField<TileSchedule>, 8> fields{{
      {"width", &TileSchedule::width, 1, 16},
      {"unroll", &TileSchedule::unroll, 1, 16, false},
      {"threads", &TileSchedule::threads, 32, 1024},
      {"min_blocks_per_sm", &TileSchedule::min_blocks_per_sm, 1, 32, false},
      {"threads_x", &TileSchedule::threads_x, 1, 32},
      {"rows_packed", &TileSchedule::rows_packed, 1, 4},
      {"whole_path", &TileSchedule::whole_path, 0, 1, false},
      {"edge_vectors", &TileSchedule::edge_vectors, 1, 64, false},
  }};
  auto operator<=>(const TileSchedule&) const = default;
};

struct GenericSchedule {
  int unroll = 4;     // elements of a thread
  int threads = 256;  // per block

  static constexpr std::array<ScheduleField<GenericSchedule>, 2> fields{{
      {"unroll", &GenericSchedule::unroll, 1, 16, false},
      {"threads", &GenericSchedule::threads, 32, 1024},
  }};
  auto operator<=>(const GenericSchedule&) const = default;
};

// A block covers elements() neighbours of one entry of the list, its threads one vector after the other.
struct ListSchedule {
  int width = 4;      // elements per vector
  int vectors = 1;    // of a thread
  int threads = 256;  // per block
  int elements() const { return threads * width * vectors; }

  static constexpr std::array<ScheduleField<ListSchedule>, 3> fields{{
      {"width", &ListSchedule::width, 1, 16},
      {"vectors", &ListSchedule::vectors, 1, 64, false},
      {"threads", &ListSchedule::threads, 32, 1024},
  }};
  auto operator<=>(const ListSchedule&) const = default;
};

// A row of a held kernel has as many threads as hold it in `vectors` each; those of a short row are a power of two up
// to a warp, and several rows are in one block.
struct HeldSchedule {
  int width = 4;       // elements per vector
  int vectors = 4;     // of a thread, of each operand
  int threads = 1024;  // of a row at most
  int block = 128;     // threads of several rows together
  int sums = 0;        // bytes of the sums over all rows of one column; 0: there are none, and a block has its rows
  int processors = 0;  // multiprocessors, on each of which blocks of at most `threads` walk over the rows, for sums
  int ahead = 0;       // whether the next row is loaded before this one is computed

  static constexpr std::array<ScheduleField<HeldSchedule>, 7> fields{{
      {"width", &HeldSchedule::width, 1, 16},
      {"vectors", &HeldSchedule::vectors, 4, 8},
      {"threads", &HeldSchedule::threads, 32, 1024, false},
      {"block", &HeldSchedule::block, 32, 1024},
      {"sums", &HeldSchedule::sums, 0, 64, false},
      {"processors", &HeldSchedule::processors, 0, 1024, false},
      {"ahead", &HeldSchedule::ahead, 0, 1, false},
  }};
  auto operator<=>(const HeldSchedule&) const = default;
};

// The blocks of a cluster have a row together and walk over the rows. Vectors of this row and of those that follow it
// are in `slots` of each thread in shared memory, or on their way there.
struct StagedSchedule {
  int width = 4;       // elements per vector
  int threads = 1024;  // of a block, at most
  int slots = 13;      // of a thread, for a vector of each operand
  int bytes = 16;      // of a slot
  int cluster = 8;     // blocks of a row, at most

  static constexpr std::array<ScheduleField<StagedSchedule>, 5> fields{{
      {"width", &StagedSchedule::width, 1, 16},
      {"threads", &StagedSchedule::threads, 256, 1024},
      {"slots", &StagedSchedule::slots, 4, 13, false},
      {"bytes", &StagedSchedule::bytes, 4, 64, false},
      {"cluster", &StagedSchedule::cluster, 1, 8},
  }};
  auto operator<=>(const StagedSchedule&) const = default;
};

// A row of a looped kernel has the threads, and combines its elements in the order, of the held kernel that could hold
// it.
struct LoopedSchedule {
  int width = 4;              // elements per vector
  int threads = 1024;         // of a row at most
  int block = 128;            // threads of several rows together
  int min_blocks_per_sm = 1;  // that the registers of a thread must leave room for
  int few = 2048;             // vectors of a row up to which held kernels have four a thread, then eight; such a row
  int few_threads = 1024;     // has so many threads at most
  int held = 8192;            // vectors of a row up to which there are held kernels; 0: of no row
  int ragged = 1536;          // the same of rows that don't end with a whole vector; of longer ones a thread has
  int ragged_vectors = 12;    // so many vectors, but there are
  int ragged_threads = 256;   // so many threads at least, a power of two
  int chunk = 0;              // elements of a row that a block reads, where blocks share rows; 0: all
  int partial = 0;            // bytes of what a block finds of a row that it shares, at most
  int sums = 0;               // as in HeldSchedule
  int processors = 0;

  static constexpr std::array<ScheduleField<LoopedSchedule>, 14> fields{{
      {"width", &LoopedSchedule::width, 1, 16},
      {"threads", &LoopedSchedule::threads, 32, 1024, false},
      {"block", &LoopedSchedule::block, 32, 1024},
      {"min_blocks_per_sm", &LoopedSchedule::min_blocks_per_sm, 1, 32, false},
      {"few", &LoopedSchedule::few, 1, 1 << 16, false},
      {"few_threads", &LoopedSchedule::few_threads, 32, 1024, false},
      {"held", &LoopedSchedule::held, 0, 1 << 16, false},
      {"ragged", &LoopedSchedule::ragged, 0, 1 << 16, false},
      {"ragged_vectors", &LoopedSchedule::ragged_vectors, 4, 64, false},
      {"ragged_threads", &LoopedSchedule::ragged_threads, 32, 1024},
      {"chunk", &LoopedSchedule::chunk, 0, 1 << 20, false},
      {"partial", &LoopedSchedule::partial, 0, 1 << 10, false},
      {"sums", &LoopedSchedule::sums, 0, 64, false},
      {"processors", &LoopedSchedule::processors, 0, 1024, false},
  }};
  auto operator<=>(const LoopedSchedule&) const = default;
};

// A block has 32 neighbouring rows; the threads of each lie along y and walk along it.
struct ColumnsSchedule {
  int width = 4;     // elements of a row that a thread takes together
  int threads = 16;  // of a row
  int chunk = 0;     // as in LoopedSchedule
  int partial = 0;

  static constexpr std::array<ScheduleField<ColumnsSchedule>, 4> fields{{
      {"width", &ColumnsSchedule::width, 1, 16},
      {"threads", &ColumnsSchedule::threads, 1, 32},
      {"chunk", &ColumnsSchedule::chunk, 0, 1 << 20, false},
      {"partial", &ColumnsSchedule::partial, 0, 1 << 10, false},
  }};
  auto operator<=>(const ColumnsSchedule&) const = default;
};

// A block has eight rows of the matrix; its warps share them, each some vectors at a time.
struct ProductsSchedule {
  int width = 8;    // elements per vector
  int vectors = 4;  // of a thread, of each operand
  int warps = 16;   // of a block, at most

  static constexpr std::array<ScheduleField<ProductsSchedule>, 3> fields{{
      {"width", &ProductsSchedule::width, 8, 8},
      {"vectors", &ProductsSchedule::vectors, 1, 8},
      {"warps", &ProductsSchedule::warps, 1, 32},
  }};
  auto operator<=>(const ProductsSchedule&) const = default;
};

// In the order of Family.
using Schedule = std::variant<FlatSchedule, RowsSchedule, TileSchedule, GenericSchedule, ListSchedule, HeldSchedule,
                              StagedSchedule, LoopedSchedule, ColumnsSchedule, ProductsSchedule>;
inline Family family_of(const Schedule& schedule) { return static_cast<Family>(schedule.index()); }

// A CUDA target: 90 is sm_90. GPUs of one architecture differ in their memory: an H200 moves 4900 GB/s, an H100 3350.
struct CudaTarget {
  int arch = 90;
  int memory_gbps = 0;  // peak of device memory; 0 counts as the slowest of the architecture
  auto operator<=>(const CudaTarget&) const = default;
};

// Whether a second kernel, NAME_fold, combines what blocks find: of rows that they share, or of sums over all rows.
bool has_fold(const Schedule& schedule);

// Bytes of dynamic shared memory that a block may have.
std::size_t shared_bytes(const Schedule& schedule);

Schedule choose_schedule(const TraceGraph& graph, const Layout& layout, CudaTarget target);
std::string to_string(const Schedule& schedule);  // "family=flat width=8 unroll=1 threads=256"
// What is wrong with a schedule for kernels of a layout; empty when nothing is.
std::string problem_of(const Schedule& schedule, LayoutClass layout);

}  // namespace gems
