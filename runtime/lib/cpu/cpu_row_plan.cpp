// Which rows a call of the kernel gets, where their elements are, and in what order the phases are called.
#include "cpu/cpu_row_plan.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "cpu/cpu_launch.h"
#include "gems/compiler/cpu.h"
#include "gems/dsl/extent.h"

namespace gems {
namespace {

using Addresses = std::array<char*, MaxTensors>;

// Work of less does not wake a second thread.
constexpr std::int64_t GrainElements = 32768;
constexpr std::int64_t GrainElementsOfFunctions = 8192;
// From so many units of rows on, a thread takes whole ones.
constexpr std::int64_t ManyUnits = 16;
constexpr std::int64_t LeastPanelRows = 32;
// Sums over all rows are accumulated in so many parts of the rows at most, which depend on nothing but their number.
constexpr std::int64_t MostParts = 64;
constexpr std::int64_t LeastPartRows = 16;

constexpr std::int64_t divided_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr std::int64_t rounded_up(std::int64_t a, std::int64_t b) { return divided_up(a, b) * b; }

// Memory of a thread, for one use at a time; it grows and stays.
class Scratch {
 public:
  char* of_bytes(std::int64_t bytes) {
    if (bytes > size_) {
      memory_.reset(static_cast<char*>(::operator new(static_cast<std::size_t>(bytes), std::align_val_t{64})));
      size_ = bytes;
    }
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(char* memory) const { ::operator delete(memory, std::align_val_t{64}); }
  };
  std::unique_ptr<char, Free> memory_;
  std::int64_t size_ = 0;
};

thread_local Scratch worker_scratch;  // within a piece of a loop
thread_local Scratch launch_scratch;  // around loops

// Dimensions innermost first; strides_bytes[dimension * tensors + tensor].
struct Dimensions {
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides_bytes;
  std::int64_t count = 1;

  void add(std::int64_t size) {
    sizes.push_back(size);
    count *= size;
  }
  const std::int64_t* strides(std::size_t d, std::size_t tensors) const { return strides_bytes.data() + d * tensors; }
  // Moves addresses to the index-th place.
  void advance(Addresses& addresses, std::int64_t index, std::size_t tensors) const {
    for (std::size_t d = 0; d < sizes.size(); ++d) {
      const std::int64_t at = d + 1 < sizes.size() ? index % sizes[d] : index;
      for (std::size_t t = 0; t < tensors; ++t) addresses[t] += at * strides(d, tensors)[t];
      index /= sizes[d];
    }
  }
};

void copy_element(char* to, const char* from, std::int64_t bytes) {
  std::memcpy(to, from, static_cast<std::size_t>(bytes));
}

class CpuRowPlan final : public Plan {
 public:
  CpuRowPlan(const Variant& variant, const IterationSpace& space, std::span<const NamedTensor> tensors);
  void launch(void* const* tensors, const NumberValue* numbers, void* stream) const override;

 private:
  // A call of the kernel's rows: of a row, of several short ones, or of a panel.
  struct Launch {
    const CpuRowPlan& plan;
    void* const* tensors;
    const void* const* numbers;
    char* records = nullptr;  // units shared by threads
    char* partials = nullptr;
    char* sums = nullptr;  // over all rows, of each part
    std::int64_t phase = 0;
  };
  struct Unit {
    Addresses data;     // of its first row's first element
    std::int64_t rows;  // side by side in dimension 0 of the kept ones
  };

  bool is_columns() const { return layout.walk == CpuWalk::Columns; }
  // Elements of a row that the kernel visits: none of one from which it only picks.
  std::int64_t visited_length() const { return visits_elements ? row_length : 0; }
  std::int64_t last_phase() const { return 2 * shape.sweeps + 1; }
  Unit unit_at(const Launch& launch, std::int64_t index) const;
  void call(const Launch& launch, const Unit& unit, std::int64_t piece, std::int64_t first_phase,
            std::int64_t end_phase, char* record, char* partials, char* work, char* sums) const;
  void copy(const Unit& unit, const Addresses& buffers, std::int64_t begin, std::int64_t count, bool results) const;
  void run_rows(const Launch& launch, std::int64_t begin, std::int64_t end, char* sums) const;
  void run_short_rows(const Launch& launch, std::int64_t begin, std::int64_t end, char* sums) const;
  void run_units(const Launch& launch, std::int64_t begin, std::int64_t end, char* sums) const;
  void run_parts(const Launch& launch, std::int64_t begin, std::int64_t end) const;
  void sum_pieces(const Launch& launch, std::int64_t begin, std::int64_t end) const;
  void fold_sums(const Launch& launch, std::int64_t begin, std::int64_t end) const;
  void run_phases(Launch& launch) const;
  void run_all(const Launch& launch, std::int64_t begin, std::int64_t end) const {
    run_rows(launch, begin, end, nullptr);
  }
  // Run(begin, end) on pieces of [0, count), of each of which the work is of so many elements.
  template <void (CpuRowPlan::*Run)(const Launch&, std::int64_t, std::int64_t) const>
  static void in_parallel(Launch& launch, std::int64_t count, std::int64_t elements) {
    const std::int64_t least = launch.plan.shape.evaluates_functions != 0 ? GrainElementsOfFunctions : GrainElements;
    const std::int64_t grain = std::max<std::int64_t>(least / std::max<std::int64_t>(elements, 1), 1);
    if (count <= grain) return (launch.plan.*Run)(launch, 0, count);
    parallel_for()(count, grain, &launch, [](void* context, std::int64_t begin, std::int64_t end) {
      const Launch& work = *static_cast<const Launch*>(context);
      (work.plan.*Run)(work, begin, end);
    });
  }
  void run_pieces(const Launch& launch, std::int64_t begin, std::int64_t end) const;

  const Variant& variant;
  const CpuLayout& layout;
  CpuRowKernel kernel;
  RowKernelShape shape{};
  std::size_t tensors_;
  std::int64_t row_count, row_length, pieces;
  Dimensions reduced, kept;
  std::array<std::int64_t, MaxTensors> element_bytes{};
  std::array<bool, MaxTensors> is_copied{};  // from or to a buffer
  std::array<bool, MaxTensors> is_sum{};     // over all rows
  bool visits_elements = false;
  bool copies = false;
  std::int64_t unit_rows, units;  // panels, or rows
  std::int64_t work_bytes, copy_rows;
  std::int64_t parts = 0, part_bytes = 0;  // of sums over all rows
};

CpuRowPlan::CpuRowPlan(const Variant& variant, const IterationSpace& space, std::span<const NamedTensor> tensors)
    : variant(variant),
      layout(std::get<CpuLayout>(variant.layout)),
      kernel(reinterpret_cast<CpuRowKernel>(variant.kernel.function)),
      tensors_(tensors.size()),
      row_count(space.row_count),
      row_length(space.row_length) {
  RowCall question{};
  question.first_phase = -1;
  question.record = reinterpret_cast<char*>(&shape);
  kernel(&question);
  visits_elements = shape.sweeps > 0 ||
                    std::ranges::any_of(tensors.subspan(layout.operands.size()),
                                        [](const NamedTensor& result) { return varies_along_columns(result.extent); });
  pieces = std::max<std::int64_t>(divided_up(visited_length(), RowPiece), 1);

  const Geometry& geometry = space.geometry;
  for (std::size_t d = 0; d < static_cast<std::size_t>(geometry.rank); ++d) {
    Dimensions& dimensions = d < static_cast<std::size_t>(geometry.reduced_rank) ? reduced : kept;
    dimensions.add(geometry.sizes[d]);
    for (std::size_t t = 0; t < tensors_; ++t)
      dimensions.strides_bytes.push_back(geometry.strides[t][d] *
                                         static_cast<std::int64_t>(size_bytes(tensors[t].view.dtype)));
  }
  if (kept.sizes.empty()) {
    kept.add(1);
    kept.strides_bytes.assign(tensors_, 0);
  }
  std::int64_t row_bytes = 0;
  for (std::size_t t = 0; t < tensors_; ++t) {
    element_bytes[t] = static_cast<std::int64_t>(size_bytes(tensors[t].view.dtype));
    const std::size_t operands = layout.operands.size();
    const Step step = t < operands ? layout.operands[t] : layout.results[t - operands];
    const bool is_dense =
        reduced.sizes.size() == 1 && (row_length == 1 || reduced.strides_bytes[t] == element_bytes[t]);
    is_copied[t] = visits_elements && !is_columns() && step == Step::Contiguous && !is_dense;
    is_sum[t] = t >= operands && tensors[t].extent == Extent::Column;
    copies = copies || (is_copied[t] && !is_sum[t]);
    if (is_copied[t]) row_bytes += rounded_up(element_bytes[t] * std::min(row_length, RowPiece), 64);
  }
  copy_rows = std::max<std::int64_t>(RowPiece / std::max<std::int64_t>(visited_length(), 1), 1);
  work_bytes = rounded_up(shape.place_bytes, 64) + copy_rows * row_bytes;

  unit_rows = 1;
  if (is_columns()) {
    const std::int64_t others = kept.count / kept.sizes[0];
    const std::int64_t even = rounded_up(divided_up(kept.sizes[0] * others, ManyUnits), LeastPanelRows);
    unit_rows = std::min(shape.panel_rows, std::max(even, LeastPanelRows));
  }
  units = row_count == 0 ? 0 : kept.count / kept.sizes[0] * divided_up(kept.sizes[0], unit_rows);
  part_bytes = sums_pitch(row_length) * shape.sum_bytes;
  if (part_bytes > 0) parts = std::min(divided_up(row_count, LeastPartRows), MostParts);
}

CpuRowPlan::Unit CpuRowPlan::unit_at(const Launch& launch, std::int64_t index) const {
  const std::int64_t inner = divided_up(kept.sizes[0], unit_rows);
  const std::int64_t first = index % inner * unit_rows;
  Unit unit{.data = {}, .rows = std::min(unit_rows, kept.sizes[0] - first)};
  for (std::size_t t = 0; t < tensors_; ++t) unit.data[t] = static_cast<char*>(launch.tensors[t]);
  kept.advance(unit.data, index / inner * kept.sizes[0] + first, tensors_);
  return unit;
}

// Between the memory of a unit's rows and buffers, in which a row's elements from begin on are side by side. Sums over
// all rows are copied by fold_sums.
void CpuRowPlan::copy(const Unit& unit, const Addresses& buffers, std::int64_t begin, std::int64_t count,
                      bool results) const {
  for (std::size_t t = 0; t < tensors_; ++t) {
    if (buffers[t] == nullptr || (t >= layout.operands.size()) != results) continue;
    const std::int64_t bytes = element_bytes[t];
    const std::int64_t inner = reduced.sizes[0], step = reduced.strides(0, tensors_)[t];
    char* buffer = buffers[t];
    for (std::int64_t row = 0; row < unit.rows; ++row)
      for (std::int64_t i = begin; i < begin + count;) {
        Addresses at{};
        at[t] = unit.data[t] + row * kept.strides(0, tensors_)[t];
        reduced.advance(at, i, tensors_);
        for (const std::int64_t end = std::min(begin + count, (i / inner + 1) * inner); i < end; ++i) {
          copy_element(results ? at[t] : buffer, results ? buffer : at[t], bytes);
          at[t] += step;
          buffer += bytes;
        }
      }
  }
}

void CpuRowPlan::call(const Launch& launch, const Unit& unit, std::int64_t piece, std::int64_t first_phase,
                      std::int64_t end_phase, char* record, char* partials, char* work, char* sums) const {
  const std::int64_t begin = piece * RowPiece, count = std::min(row_length - begin, RowPiece);
  std::array<std::int64_t, MaxTensors> strides;
  Addresses data, buffers{};
  char* next = work + rounded_up(shape.place_bytes, 64);
  for (std::size_t t = 0; t < tensors_; ++t) {
    strides[t] = (is_columns() ? reduced : kept).strides_bytes[t];
    data[t] = unit.data[t];
    if (is_copied[t] && !is_sum[t]) {
      data[t] = buffers[t] = next;
      strides[t] = count * element_bytes[t];
      next += rounded_up(unit.rows * count * element_bytes[t], 64);
    } else if (begin > 0) {
      data[t] += begin * reduced.strides_bytes[t];
    }
  }
  const RowCall call{.data = data.data(),
                     .strides_bytes = strides.data(),
                     .numbers = launch.numbers,
                     .rows = unit.rows,
                     .count = count,
                     .begin = begin,
                     .length = row_length,
                     .first_phase = first_phase,
                     .end_phase = end_phase,
                     .pieces = pieces,
                     .record = record,
                     .partials = partials,
                     .places = work,
                     .sums = sums,
                     .origins = unit.data.data(),
                     .origin_strides_bytes = kept.strides_bytes.data(),
                     .reduced_rank = static_cast<std::int64_t>(reduced.sizes.size()),
                     .reduced_sizes = reduced.sizes.data(),
                     .reduced_strides_bytes = reduced.strides_bytes.data()};
  if (!copies) return kernel(&call);
  copy(unit, buffers, begin, count, false);
  kernel(&call);
  if (end_phase > last_phase()) copy(unit, buffers, begin, count, true);
}

void CpuRowPlan::run_rows(const Launch& launch, std::int64_t begin, std::int64_t end, char* sums) const {
  if (pieces == 1)
    run_short_rows(launch, begin, end, sums);
  else
    run_units(launch, begin, end, sums);
}

void CpuRowPlan::run_short_rows(const Launch& launch, std::int64_t begin, std::int64_t end, char* sums) const {
  char* memory =
      worker_scratch.of_bytes(rounded_up(shape.record_bytes, 64) + rounded_up(shape.partial_bytes, 64) + work_bytes);
  char* partials = memory + rounded_up(shape.record_bytes, 64);
  char* work = partials + rounded_up(shape.partial_bytes, 64);
  while (begin < end) {
    Unit unit = unit_at(launch, begin);
    if (!is_columns()) {
      unit.rows = std::min(end - begin, kept.sizes[0] - begin % kept.sizes[0]);
      if (copies) unit.rows = std::min(unit.rows, copy_rows);
    }
    call(launch, unit, 0, 0, last_phase() + 1, memory, partials, work, sums);
    begin += is_columns() ? 1 : unit.rows;
  }
}

// Phase by phase; the last row's pieces may still be in a cache.
void CpuRowPlan::run_units(const Launch& launch, std::int64_t begin, std::int64_t end, char* sums) const {
  const std::int64_t partial_bytes = pieces * shape.partial_bytes;
  char* record =
      worker_scratch.of_bytes(rounded_up(shape.record_bytes, 64) + rounded_up(partial_bytes, 64) + work_bytes);
  char* partials = record + rounded_up(shape.record_bytes, 64);
  char* work = partials + rounded_up(partial_bytes, 64);
  for (; begin < end; ++begin) {
    const Unit unit = unit_at(launch, begin);
    for (std::int64_t phase = 0; phase <= last_phase(); ++phase) {
      const bool is_visit = phase % 2 == 1;
      for (std::int64_t piece = 0; piece < (is_visit ? pieces : 1); ++piece)
        call(launch, unit, piece, phase, phase + 1, record, partials + piece * shape.partial_bytes, work, sums);
    }
  }
}

// One phase of pieces of all units.
void CpuRowPlan::run_pieces(const Launch& launch, std::int64_t begin, std::int64_t end) const {
  char* work = worker_scratch.of_bytes(work_bytes);
  for (; begin < end; ++begin) {
    const std::int64_t unit = begin / pieces, piece = begin % pieces;
    call(launch, unit_at(launch, unit), piece, launch.phase, launch.phase + 1,
         launch.records + unit * shape.record_bytes, launch.partials + begin * shape.partial_bytes, work, nullptr);
  }
}

// Whole parts of the rows.
void CpuRowPlan::run_parts(const Launch& launch, std::int64_t begin, std::int64_t end) const {
  for (; begin < end; ++begin) {
    char* sums = launch.sums + begin * part_bytes;
    std::memset(sums, 0, static_cast<std::size_t>(part_bytes));
    run_rows(launch, begin * units / parts, (begin + 1) * units / parts, sums);
  }
}

// The last visits of a few long rows, which are one part: pieces of all of them.
void CpuRowPlan::sum_pieces(const Launch& launch, std::int64_t begin, std::int64_t end) const {
  char* work = worker_scratch.of_bytes(work_bytes);
  for (; begin < end; ++begin)
    for (std::int64_t unit = 0; unit < units; ++unit)
      call(launch, unit_at(launch, unit), begin, last_phase(), last_phase() + 1,
           launch.records + unit * shape.record_bytes, launch.partials + (unit * pieces + begin) * shape.partial_bytes,
           work, launch.sums);
}

// Pieces of the columns.
void CpuRowPlan::fold_sums(const Launch& launch, std::int64_t begin, std::int64_t end) const {
  char* work = worker_scratch.of_bytes(work_bytes);
  for (; begin < end; ++begin) {
    const std::int64_t first = begin * RowPiece, count = std::min(row_length - first, RowPiece);
    Unit columns{.data = {}, .rows = 1};
    Addresses data, buffers{};
    char* next = work;
    for (std::size_t t = 0; t < tensors_; ++t) {
      columns.data[t] = static_cast<char*>(launch.tensors[t]);
      data[t] = columns.data[t] + first * reduced.strides_bytes[t];
      if (!is_sum[t] || !is_copied[t]) continue;
      data[t] = buffers[t] = next;
      next += rounded_up(count * element_bytes[t], 64);
    }
    RowCall call{};
    call.data = data.data();
    call.strides_bytes = kept.strides_bytes.data();
    call.numbers = launch.numbers;
    call.count = count;
    call.begin = first;
    call.length = row_length;
    call.first_phase = last_phase() + 1;
    call.end_phase = last_phase() + 2;
    call.pieces = parts;
    call.sums = launch.sums;
    kernel(&call);
    copy(columns, buffers, first, count, true);
  }
}

void CpuRowPlan::launch(void* const* tensors, const NumberValue* numbers, void*) const {
  const PackedNumbers packed(variant, numbers);
  Launch launch{.plan = *this, .tensors = tensors, .numbers = packed.addresses()};
  const bool is_by_phases = pieces > 1 && units < ManyUnits;
  const std::int64_t shared_bytes =
      is_by_phases ? rounded_up(units * shape.record_bytes, 64) + rounded_up(units * pieces * shape.partial_bytes, 64)
                   : 0;
  launch.records = launch_scratch.of_bytes(shared_bytes + parts * part_bytes);
  launch.partials = launch.records + rounded_up(units * shape.record_bytes, 64);
  launch.sums = launch.records + shared_bytes;
  const std::int64_t unit_elements = std::max<std::int64_t>(visited_length(), 1) * unit_rows;
  if (is_by_phases) {
    run_phases(launch);
  } else if (part_bytes > 0) {
    in_parallel<&CpuRowPlan::run_parts>(launch, parts,
                                        unit_elements * divided_up(units, std::max<std::int64_t>(parts, 1)));
  } else {
    in_parallel<&CpuRowPlan::run_all>(launch, units, unit_elements);
  }
  if (part_bytes > 0) in_parallel<&CpuRowPlan::fold_sums>(launch, pieces, RowPiece * std::max<std::int64_t>(parts, 1));
}

// Phase by phase, in each of which the pieces of all rows are independent.
void CpuRowPlan::run_phases(Launch& launch) const {
  for (launch.phase = 0; launch.phase <= last_phase(); ++launch.phase) {
    if (launch.phase % 2 == 0) {
      for (std::int64_t unit = 0; unit < units; ++unit) run_pieces(launch, unit * pieces, unit * pieces + 1);
    } else if (launch.phase == last_phase() && part_bytes > 0) {
      std::memset(launch.sums, 0, static_cast<std::size_t>(parts * part_bytes));
      in_parallel<&CpuRowPlan::sum_pieces>(launch, pieces, RowPiece * units);
    } else {
      in_parallel<&CpuRowPlan::run_pieces>(launch, units * pieces, RowPiece * unit_rows);
    }
  }
}

}  // namespace

std::unique_ptr<Plan> cpu_row_plan(const Variant& variant, const IterationSpace& space,
                                   std::span<const NamedTensor> tensors) {
  return std::make_unique<CpuRowPlan>(variant, space, tensors);
}

}  // namespace gems
