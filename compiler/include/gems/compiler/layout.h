// What a kernel may depend on beside the op and its dtypes: how its tensors move along the collapsed iteration space,
// never how large they are. Chosen by the runtime, read by the compiler; sizes and strides are kernel parameters.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gems/dsl/fields.h"
#include "gems/dsl/fixed_list.h"

namespace gems {

struct TraceGraph;

// Dimensions are numbered innermost first, after the runtime has ordered and collapsed them.
inline constexpr int MaxRank = 8;
inline constexpr std::size_t MaxTensors = 12;  // of one call: operands in memory, and results

// How a tensor's address moves along the iteration space.
enum class Step : std::uint8_t {
  Contiguous,  // by one element along dimension 0, by any number along the others
  Broadcast,   // not at all (CPU: not along dimension 0)
  Strided,     // by any number of elements, also 0 or 1
};

// How a CUDA kernel covers the iteration space.
enum class Family : std::uint8_t {
  Flat,      // one dense dimension
  Rows,      // blocks over rows and columns of the results
  Tile,      // as Rows; operands that are contiguous in dimension 1 come through shared memory
  Generic,   // a flat index, taken apart into coordinates by multiplication and shift
  List,      // as Flat, of many calls at once
  Held,      // rowwise: the threads of a row hold it in registers
  Staged,    // rowwise: a row comes through the shared memory of one block, or of several
  Looped,    // rowwise: the threads of a row read it in each sweep
  Columns,   // rowwise: neighbouring threads have neighbouring rows, and walk along them
  Products,  // rowwise: a warp has products of eight rows of a matrix with up to eight vectors
};

// Which of the CUDA kernels of an op and its dtypes a call gets. They are few on purpose: strides that happen to be 0
// or 1 are parameters like any other, and one unaligned tensor makes a call unaligned.
enum class LayoutClass : std::uint8_t {
  Flat,
  Rows,
  RowsUnaligned,
  RowsOuter,
  Tile,
  TileUnaligned,
  Generic,
  GenericWide,
  List,
  RowHeld,
  RowHeldUnaligned,
  RowStaged,
  RowLooped,
  RowLoopedUnaligned,
  Columns,
  Products,
  RowGeneric
};

struct LayoutTraits {
  std::string_view name;
  std::string_view meaning;
  Family family;
  // Unused outer dimensions have size 1. Rowwise: dimension 0 is the reduced one, the others are kept; row_generic has
  // four reduced dimensions, then four kept ones.
  int rank;
  Step read, written;  // of operands that have dimensions, of results
  bool is_aligned;     // what is moved in vectors begins at multiples of 16 bytes, else at multiples of an element
  bool is_wide;        // sizes, and offsets within a tensor, need 64 bits (but for Generic offsets have them anyway)
};

inline constexpr std::array<LayoutTraits, 17> layout_table{{
    {"flat", "all operands dense in one order, 16-byte aligned",  //
     Family::Flat, 1, Step::Contiguous, Step::Contiguous, true, false},
    {"rows", "rows of the results dense: broadcast, sliced or padded operands, (m, n) beside (n)",  //
     Family::Rows, 4, Step::Strided, Step::Contiguous, true, false},
    {"rows_unaligned", "as rows or flat, beginning anywhere: base[1:], rows of odd length",  //
     Family::Rows, 4, Step::Strided, Step::Contiguous, false, false},
    {"rows_outer", "as rows, two dimensions, every operand broadcast along one: (m, 1) beside (n)",  //
     Family::Rows, 2, Step::Strided, Step::Contiguous, true, false},
    {"tile", "as rows, some operand dense along another dimension: y.t() beside x",  //
     Family::Tile, 4, Step::Strided, Step::Contiguous, true, false},
    {"tile_unaligned", "as tile, beginning anywhere",  //
     Family::Tile, 4, Step::Strided, Step::Contiguous, false, false},
    {"generic", "any strides",  //
     Family::Generic, 4, Step::Strided, Step::Strided, false, false},
    {"generic_wide", "any strides; 2^31 elements and more, or 5 to 8 dimensions",  //
     Family::Generic, 8, Step::Strided, Step::Strided, false, true},
    {"list", "lists of tensors; those of one place dense in one order, beginning anywhere",  //
     Family::List, 1, Step::Contiguous, Step::Contiguous, false, false},
    {"row_held", "rowwise: rows dense, 16-byte aligned, as long as their threads can hold",  //
     Family::Held, 4, Step::Strided, Step::Strided, true, false},
    {"row_held_unaligned", "as row_held, beginning anywhere: rows of odd length",  //
     Family::Held, 4, Step::Strided, Step::Strided, false, false},
    {"row_staged", "rowwise: rows dense, beginning anywhere, longer than their threads can hold",  //
     Family::Staged, 4, Step::Strided, Step::Strided, false, false},
    {"row_looped", "rowwise: rows dense, 16-byte aligned, of any length",  //
     Family::Looped, 4, Step::Strided, Step::Strided, true, false},
    {"row_looped_unaligned", "as row_looped, beginning anywhere",  //
     Family::Looped, 4, Step::Strided, Step::Strided, false, false},
    {"columns", "rowwise: neighbouring elements belong to neighbouring rows: a reduction along dimension 0",  //
     Family::Columns, 4, Step::Strided, Step::Strided, false, false},
    {"products", "rowwise: sums of products of up to eight rows with those of a matrix, two bytes, 16-byte aligned",  //
     Family::Products, 4, Step::Strided, Step::Strided, true, false},
    {"row_generic", "rowwise: any strides, several reduced dimensions",  //
     Family::Looped, 8, Step::Strided, Step::Strided, false, true},
}};
static_assert(layout_table.size() == static_cast<std::size_t>(LayoutClass::RowGeneric) + 1);

constexpr const LayoutTraits& traits(LayoutClass cls) { return layout_table[static_cast<std::size_t>(cls)]; }
constexpr std::string_view name(LayoutClass cls) { return traits(cls).name; }
constexpr bool is_rowwise(LayoutClass cls) { return traits(cls).family >= Family::Held; }
std::string_view name(Step step);
std::string_view name(Family family);

// What a CUDA kernel depends on.
struct Layout {
  LayoutClass cls = LayoutClass::Flat;
  // One bit for each Tensor-form operand of the trace, in order: it has no dimensions and is one element for all.
  std::uint16_t singles = 0;
  // Held: how many vectors of a row each thread holds.
  std::uint8_t held = 0;

  bool is_single(std::size_t operand) const { return (singles >> operand & 1) != 0; }
  Step step_of_operand(std::size_t operand) const { return is_single(operand) ? Step::Broadcast : traits(cls).read; }
  auto operator<=>(const Layout&) const = default;
};

template <class Visit>
constexpr void for_each_field(const Layout& layout, Visit&& visit) {
  const auto& [cls, singles, held] = layout;
  visit("class", cls);
  visit("singles", singles);
  visit("held", held);
}

// What a CPU kernel walks along.
enum class CpuWalk : std::uint8_t {
  Elements,  // of the innermost dimension
  Row,       // rowwise: the elements of one row
  Columns,   // rowwise: neighbouring rows, element by element
};

std::string_view name(CpuWalk walk);

// What a CPU kernel depends on: how each Tensor-form operand and each result moves along the dimension that is walked.
// Rowwise kernels have no Strided ones: such tensors are copied to where they are contiguous.
struct CpuLayout {
  FixedList<Step, MaxTensors> operands;
  FixedList<Step, MaxTensors> results;
  CpuWalk walk = CpuWalk::Elements;
  bool operator==(const CpuLayout&) const = default;
};

template <class Visit>
constexpr void for_each_field(const CpuLayout& layout, Visit&& visit) {
  const auto& [operands, results, walk] = layout;
  visit("operands", operands);
  visit("results", results);
  visit("walk", walk);
}

// The Tensor-form operands of a kernel, and its results.
struct TensorCounts {
  std::size_t operands = 0;
  std::size_t results = 0;
};
TensorCounts tensor_counts(const TraceGraph& graph);

// The CPU kernel that the innermost dimension of a CUDA kernel would be.
CpuLayout innermost_dimension(const Layout& layout, TensorCounts counts);

// Canonical text: "rows", "flat single=1", "contiguous broadcast -> contiguous".
std::string to_string(const Layout& layout);
std::string to_string(const CpuLayout& layout);

}  // namespace gems
