// Schedule: how a CUDA kernel covers the iteration space, as data. Chosen by choose_schedule (a pure function of trace,
// layout and target, with its constants in one table), attached to the kernel as an attribute, obeyed by the emitter.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "gems/compiler/layout.h"
#include "gems/dsl/trace.h"

namespace gems {

struct Schedule {
  Family family = Family::Flat;
  int width = 4;      // elements per vector
  int unroll = 1;     // per thread; Flat and Rows: vectors, Tile: groups of rows, Generic: elements
  int threads = 256;  // per block (Rows: threads_x * threads_y, split at launch)
  int blocks = 1;     // that registers must allow on a multiprocessor at once, at least
  // Tile: threads along dimension 0, and neighbouring rows of one group. A block covers columns() by rows(), a thread
  // vectors(), of which it computes edge_vectors() at once where columns or rows of the block do not exist.
  int lanes = 1;
  int pack = 1;
  int columns() const { return lanes * width; }
  int rows() const { return threads / lanes * pack * unroll; }
  int vectors() const { return pack * unroll; }
  int edge_vectors() const;
  auto operator<=>(const Schedule&) const = default;
};

// A CUDA target: 90 is sm_90. GPUs of one architecture differ in their memory: an H200 moves 4900 GB/s, an H100 3350.
struct CudaTarget {
  int arch = 90;
  int memory_gbps = 0;  // peak of device memory; 0 counts as the slowest of the architecture
  auto operator<=>(const CudaTarget&) const = default;
};

Schedule choose_schedule(const TraceGraph& graph, const Layout& layout, CudaTarget target);
// "family=flat width=8 unroll=1 threads=256"; with " blocks=8" when they are more than 1, a tile's with " lanes=8
// pack=2".
std::string to_string(const Schedule& schedule);

}  // namespace gems
