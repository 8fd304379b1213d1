// From a trace to a CPU kernel: MLIR -> LLVM IR -> an object file (cacheable) -> a function in this process (ORC).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gems/compiler/layout.h"
#include "gems/dsl/trace.h"

namespace gems {

// Runs the body over one dimension. data: one address per Tensor-form operand of the trace, then one per result;
// strides_bytes: their steps (read only where the layout says Strided); numbers: one address per Number-form operand,
// of a value in its compute dtype (bool: one byte). Reentrant.
using CpuKernel = void (*)(char* const* data, const std::int64_t* strides_bytes, const void* const* numbers,
                           std::int64_t count);

// A rowwise kernel goes through the phases of a row, of which there are 2 sweeps + 2:
//
//   0              what is known before the first sweep
//   2 k - 1        sweep k over a piece of the row: its partial
//   2 k            the partials of all pieces make the values of sweep k; what is known after it
//   2 sweeps + 1   the last visit of a piece: results that vary along the row, and terms of sums over all rows
//   2 sweeps + 2   only of a kernel with such sums, for columns instead of rows: the results, from the sums of the
//   parts
//
// Values of a row stay in a record from one phase to the next; results of rows are written as soon as they are known. A
// row of at most RowPiece elements is one piece, and all of its phases may be one call, for many rows. The pieces of a
// longer row begin at multiples of RowPiece; their phases 2 k - 1, and the last ones, may be called in any order and at
// once. A row's values do not depend on how it was called, nor on the walk.
inline constexpr std::int64_t RowPiece = 4096;

// Sums over all rows are accumulated in parts of the rows: the last visits of one part are called one after the other,
// in the order of its rows. The sums of a part have sum_bytes for each column and are 0 before the first row; those of
// one result have as many elements as a row, rounded up to a multiple of SumsPitch.
inline constexpr std::int64_t SumsPitch = 256;
constexpr std::int64_t sums_pitch(std::int64_t length) { return (length + SumsPitch - 1) / SumsPitch * SumsPitch; }

struct RowCall {
  // Addresses and numbers as a CpuKernel has them; of the piece's first element in the first row.
  char* const* data;
  // CpuWalk::Row: from a row to the next one; along the row tensors are contiguous, or broadcast. CpuWalk::Columns:
  // from an element of a row to the next one; from row to row, likewise.
  const std::int64_t* strides_bytes;
  const void* const* numbers;
  std::int64_t rows;    // Columns: at most those of a panel
  std::int64_t count;   // elements of the piece
  std::int64_t begin;   // the first one's index in the row
  std::int64_t length;  // of the row
  std::int64_t first_phase;
  std::int64_t end_phase;  // the last one but not included
  std::int64_t pieces;     // phases 2 k: how many partials there are; phase 2 sweeps + 2: how many parts
  // Memory of the sizes that the RowKernelShape says, aligned to 64 bytes: the record, the partial (phases 2 k: the
  // array of them), and what a Columns kernel works in. Rows of one call use the same.
  char* record;
  char* partials;
  char* places;
  char* sums;  // of the part (phase 2 sweeps + 2: those of all parts)
  // Where pick finds the elements of the first row: the row's first element in memory, the step to the next row, and
  // the row's dimensions, innermost first; strides of dimension d: reduced_strides_bytes[d * tensors + tensor].
  char* const* origins;
  const std::int64_t* origin_strides_bytes;
  std::int64_t reduced_rank;
  const std::int64_t* reduced_sizes;
  const std::int64_t* reduced_strides_bytes;
};

struct RowKernelShape {
  std::int64_t sweeps;
  std::int64_t panel_rows;  // Row: 1
  std::int64_t record_bytes, partial_bytes, place_bytes;
  std::int64_t sum_bytes;            // 0: there are no sums over all rows
  std::int64_t evaluates_functions;  // 1: for each element, such as exp
};

// With first_phase = -1 it writes its RowKernelShape to `record` and reads nothing else. Reentrant.
using CpuRowKernel = void (*)(const RowCall* call);

struct CpuObject {
  std::string name;         // symbol of the kernel
  std::vector<char> bytes;  // a relocatable object for cpu_target()
};

// Tensors need to be aligned to their elements only.
CpuObject compile_cpu(const TraceGraph& graph, const CpuLayout& layout);

// The object stays loaded for the life of the process. Of a rowwise trace the function is a CpuRowKernel. Throws
// gems::Error when the object is not usable.
CpuKernel load_cpu(const CpuObject& object);

// Processor name and features that objects are compiled for; part of every cache key.
std::string cpu_target();

}  // namespace gems
