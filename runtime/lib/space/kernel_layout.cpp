// From the collapsed iteration space to what a kernel may depend on. See kernel_layout.h.
#include "space/kernel_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "gems/compiler/row_layout.h"
#include "gems/compiler/tuning.h"
#include "gems/dsl/error.h"

namespace gems {
namespace {

constexpr std::int64_t MostNarrow = std::numeric_limits<std::int32_t>::max();
constexpr int RowsRank = traits(LayoutClass::Rows).rank;

std::uintptr_t address(const TensorView& view) { return reinterpret_cast<std::uintptr_t>(view.data); }

const NamedTensor& tensor_at(std::size_t i, std::span<const NamedTensor> operands,
                             std::span<const NamedTensor> results) {
  return i < operands.size() ? operands[i] : results[i - operands.size()];
}

inline void check_address(std::string_view op, const NamedTensor& tensor, std::size_t align_bytes) {
  // A power of two: complex elements of 16 bytes at most.
  if ((address(tensor.view) & (align_bytes - 1)) != 0) [[unlikely]]
    throw Error(
        fmt::format("{}: '{}' of {} lies at an address that is not a multiple of {} bytes; copy it to an "
                    "aligned buffer first",
                    op, tensor.name, name(tensor.view.dtype), align_bytes));
}

// A result may be exactly an operand: every element is read by the thread that writes it, before that.
void check_aliasing(std::string_view op, const IterationSpace& space, std::span<const NamedTensor> operands,
                    std::span<const NamedTensor> results) {
  if (space.element_count == 0) return;
  const Geometry& geometry = space.geometry;
  for (std::size_t r = 0; r < results.size(); ++r)
    for (std::size_t o = 0; o < operands.size(); ++o) {
      if (results[r].view.data != operands[o].view.data) continue;
      const auto& result_strides = geometry.strides[operands.size() + r];
      const auto& operand_strides = geometry.strides[o];
      if (results[r].view.dtype != operands[o].view.dtype ||
          !std::equal(result_strides.begin(), result_strides.begin() + geometry.rank, operand_strides.begin()))
        throw Error(
            fmt::format("{}: result '{}' starts at the address of operand '{}' but walks the memory otherwise; "
                        "a result may be an operand, not overlap one: write to a fresh tensor",
                        op, results[r].name, operands[o].name));
    }
}

// Fewer neighbouring rows do not fill a vector.
constexpr std::int64_t LeastNeighbours = 16;

// Whether a walk over neighbouring rows meets memory in its order, and one along a row does not.
bool walks_columns(const IterationSpace& space, std::span<const NamedTensor> operands,
                   std::span<const NamedTensor> results) {
  const Geometry& geometry = space.geometry;
  const auto kept = static_cast<std::size_t>(geometry.reduced_rank);
  if (geometry.reduced_rank != 1 || geometry.rank == 1 || geometry.sizes[kept] < LeastNeighbours ||
      geometry.sizes[0] <= 1)
    return false;
  bool is_any_across = false;
  for (std::size_t t = 0; t < operands.size() + results.size(); ++t) {
    const auto& strides = geometry.strides[t];
    if (strides[kept] > 1) return false;
    is_any_across = is_any_across || (strides[kept] == 1 && strides[0] > 1);
  }
  return is_any_across;
}

bool needs_wide_index(const IterationSpace& space, std::size_t tensors) {
  if (space.element_count > MostNarrow) return true;
  const Geometry& geometry = space.geometry;
  for (std::size_t t = 0; t < tensors; ++t) {
    std::int64_t last = 0;
    for (std::size_t d = 0; d < static_cast<std::size_t>(geometry.rank); ++d) {
      std::int64_t reach = 0;
      if (__builtin_mul_overflow(geometry.sizes[d] - 1, geometry.strides[t][d], &reach) ||
          __builtin_add_overflow(last, reach, &last) || last > MostNarrow)
        return true;
    }
  }
  return false;
}

void pad(Geometry& geometry, int rank) {
  for (; geometry.rank < rank; ++geometry.rank) {
    const auto d = static_cast<std::size_t>(geometry.rank);
    geometry.sizes[d] = 1;
    for (auto& strides : geometry.strides) strides[d] = 0;
  }
}

// Whether kernels by rows may serve: results contiguous in rows long enough, counts of rows and blocks in 32 bits.
bool walks_rows(const Geometry& geometry, std::size_t operands, std::size_t tensors) {
  if (geometry.rank > RowsRank || geometry.sizes[0] < tuning::LeastColumns) return false;
  for (std::size_t t = operands; t < tensors; ++t)
    if (geometry.strides[t][0] != 1) return false;
  std::int64_t rows = 1;
  for (std::size_t d = 1; d < static_cast<std::size_t>(geometry.rank); ++d)
    if (__builtin_mul_overflow(rows, geometry.sizes[d], &rows) || rows > MostNarrow) return false;
  return geometry.sizes[0] / 32 <= MostNarrow;
}

// Whether what is read is little beside the results: two dimensions, and every operand is broadcast along one of them.
bool reads_little(const Geometry& geometry, std::size_t operands) {
  if (geometry.rank != 2) return false;
  for (std::size_t t = 0; t < operands; ++t)
    if (geometry.strides[t][0] != 0 && geometry.strides[t][1] != 0) return false;
  return true;
}

bool is_transposed(const Geometry& geometry, std::size_t tensor, std::size_t dim) {
  return geometry.strides[tensor][dim] == 1 && geometry.strides[tensor][0] > 1 &&
         geometry.sizes[0] >= tuning::LeastTileColumns && geometry.sizes[dim] >= tuning::LeastTileRows;
}

// Puts the dimension along which an operand is contiguous, when that is not dimension 0, at 1. True if there is one.
bool move_transposed_dim_to_1(Geometry& geometry, std::size_t operands) {
  for (std::size_t t = 0; t < operands; ++t)
    for (std::size_t d = 1; d < static_cast<std::size_t>(geometry.rank); ++d) {
      if (!is_transposed(geometry, t, d)) continue;
      std::swap(geometry.sizes[1], geometry.sizes[d]);
      for (auto& strides : geometry.strides) std::swap(strides[1], strides[d]);
      return true;
    }
  return false;
}

// Whether all that kernels move in vectors begins at multiples of 16 bytes.
bool is_aligned(const Geometry& geometry, bool transposed, std::size_t tensor, const TensorView& view) {
  const auto& strides = geometry.strides[tensor];
  const std::size_t along = strides[0] == 1 ? 0 : 1;
  if (along == 1 && !(transposed && strides[1] == 1)) return true;  // read by the element
  std::uintptr_t bits = address(view);
  for (std::size_t d = 0; d < static_cast<std::size_t>(geometry.rank); ++d)
    if (d != along) bits |= static_cast<std::uintptr_t>(strides[d]) * size_bytes(view.dtype);
  return bits % 16 == 0;
}

}  // namespace

CudaSpace cuda_space(std::string_view op, const IterationSpace& space, std::span<const NamedTensor> operands,
                     std::span<const NamedTensor> results) {
  const std::size_t tensors = operands.size() + results.size();
  for (std::size_t t = 0; t < tensors; ++t) {
    const NamedTensor& tensor = tensor_at(t, operands, results);
    check_address(op, tensor, size_bytes(tensor.view.dtype));
  }
  check_aliasing(op, space, operands, results);

  CudaSpace made{.layout = {}, .geometry = space.geometry};
  Geometry& geometry = made.geometry;
  // By their shape, not by their strides: so the kind of operand that a call gives decides, and not its size.
  for (std::size_t t = 0; t < operands.size(); ++t)
    made.layout.singles |= static_cast<std::uint16_t>(operands[t].view.sizes.empty() << t);
  const auto is_single = [&](std::size_t t) { return t < operands.size() && made.layout.is_single(t); };
  const auto all_aligned = [&](bool transposed) {
    for (std::size_t t = 0; t < tensors; ++t)
      if (!is_single(t) && !is_aligned(geometry, transposed, t, tensor_at(t, operands, results).view)) return false;
    return true;
  };
  bool is_flat = geometry.rank == 1 && all_aligned(false);
  for (std::size_t t = 0; t < tensors; ++t) is_flat = is_flat && (is_single(t) || geometry.strides[t][0] == 1);

  LayoutClass& cls = made.layout.cls;
  if (is_flat) {
    cls = LayoutClass::Flat;
  } else if (!walks_rows(geometry, operands.size(), tensors)) {
    const bool is_wide = geometry.rank > RowsRank || needs_wide_index(space, tensors);
    cls = is_wide ? LayoutClass::GenericWide : LayoutClass::Generic;
  } else if (move_transposed_dim_to_1(geometry, operands.size())) {
    cls = all_aligned(true) ? LayoutClass::Tile : LayoutClass::TileUnaligned;
  } else if (!all_aligned(false)) {
    cls = LayoutClass::RowsUnaligned;
  } else {
    cls = reads_little(geometry, operands.size()) ? LayoutClass::RowsOuter : LayoutClass::Rows;
  }
  pad(geometry, traits(cls).rank);
  return made;
}

CudaSpace cuda_row_space(const TraceGraph& graph, const IterationSpace& space, std::span<const NamedTensor> operands,
                         std::span<const NamedTensor> results, CudaTarget target) {
  std::vector<std::uintptr_t> addresses;
  for (std::size_t t = 0; t < operands.size() + results.size(); ++t) {
    const NamedTensor& tensor = tensor_at(t, operands, results);
    check_address(graph.op, tensor, size_bytes(tensor.view.dtype));
    addresses.push_back(address(tensor.view));
  }
  check_aliasing(graph.op, space, operands, results);
  std::optional<RowSpace> walked = row_space(graph, space.geometry, addresses, target);
  if (!walked)
    throw Error(fmt::format("{}: more dimensions are left than a CUDA kernel walks; make an operand contiguous first",
                            graph.op));
  return {.layout = walked->layout, .geometry = walked->geometry};
}

CpuLayout cpu_layout(std::string_view op, const IterationSpace& space, std::span<const NamedTensor> operands,
                     std::span<const NamedTensor> results) {
  check_aliasing(op, space, operands, results);
  CpuLayout layout;
  for (std::size_t t = 0; t < operands.size() + results.size(); ++t) {
    const NamedTensor& tensor = tensor_at(t, operands, results);
    // On the CPU a complex element is as aligned as its parts.
    check_address(op, tensor, size_bytes(real_of(tensor.view.dtype)));
    const std::int64_t stride = space.geometry.strides[t][0];
    (t < operands.size() ? layout.operands : layout.results)
        .push_back(stride == 0   ? Step::Broadcast
                   : stride == 1 ? Step::Contiguous
                                 : Step::Strided);
  }
  return layout;
}

CpuLayout cpu_row_layout(const TraceGraph& graph, const IterationSpace& space, std::span<const NamedTensor> operands,
                         std::span<const NamedTensor> results) {
  check_aliasing(graph.op, space, operands, results);
  const Geometry& geometry = space.geometry;
  const auto kept = static_cast<std::size_t>(geometry.reduced_rank);
  CpuLayout layout;
  const bool sums_rows =
      std::ranges::any_of(results, [](const NamedTensor& result) { return result.extent == Extent::Column; });
  layout.walk = !sums_rows && walks_columns(space, operands, results) ? CpuWalk::Columns : CpuWalk::Row;
  for (std::size_t t = 0; t < operands.size() + results.size(); ++t) {
    const NamedTensor& tensor = tensor_at(t, operands, results);
    check_address(graph.op, tensor, size_bytes(real_of(tensor.view.dtype)));
    const bool is_result = t >= operands.size();
    bool moves = layout.walk == CpuWalk::Columns && geometry.strides[t][kept] != 0;
    if (layout.walk == CpuWalk::Row)
      for (std::size_t d = 0; d < kept; ++d) moves = moves || geometry.strides[t][d] != 0;
    // A result is written, also where there is one element of it.
    if (is_result && layout.walk == CpuWalk::Row) moves = varies_along_columns(tensor.extent);
    (is_result ? layout.results : layout.operands).push_back(moves ? Step::Contiguous : Step::Broadcast);
  }
  return layout;
}

}  // namespace gems
