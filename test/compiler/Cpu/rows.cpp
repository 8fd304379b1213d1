// Tables, calls of all phases, and the comparison behind rows.h.
#include "rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gems/dsl/interpreter.h"
#include "harness.h"

namespace gems::test {
namespace {

std::size_t count_of(Extent extent, TableSize size) {
  return static_cast<std::size_t>((varies_along_rows(extent) ? size.rows : 1) *
                                  (varies_along_columns(extent) ? size.columns : 1));
}

// A dense table, aligned to its elements only.
struct Table {
  Extent extent;
  std::int64_t row_step = 0, column_step = 0;
  std::vector<char> bytes;

  Table(DType dtype, Extent extent, TableSize size, CpuWalk walk) : extent(extent) {
    const auto width = static_cast<std::int64_t>(size_bytes(dtype));
    if (varies_along_rows(extent))
      row_step = walk == CpuWalk::Columns ? width : varies_along_columns(extent) ? size.columns * width : width;
    if (varies_along_columns(extent))
      column_step = walk == CpuWalk::Columns && varies_along_rows(extent) ? size.rows * width : width;
    bytes.assign(count_of(extent, size) * size_bytes(dtype) + size_bytes(dtype), 0x5A);
  }
  char* base(DType dtype) { return bytes.data() + size_bytes(real_of(dtype)); }
};

}  // namespace

CpuLayout dense_rows(const TraceGraph& graph, CpuWalk walk) {
  CpuLayout layout;
  layout.walk = walk;
  auto step = [&](Extent extent) {
    const bool moves = walk == CpuWalk::Columns ? varies_along_rows(extent) : varies_along_columns(extent);
    return moves ? Step::Contiguous : Step::Broadcast;
  };
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor) layout.operands.push_back(step(operand.extent));
  for (const TraceResult& result : graph.results) layout.results.push_back(step(result.extent));
  return layout;
}

std::vector<std::vector<Element>> random_operands(const TraceGraph& graph, TableSize size, std::mt19937& random,
                                                  bool tame) {
  std::vector<std::vector<Element>> operands;
  for (const TraceOperand& operand : graph.operands) {
    const bool is_number = operand.form == OperandForm::Number;
    auto& elements = operands.emplace_back(is_number ? 1 : count_of(operand.extent, size));
    for (Element& element : elements)
      element = random_element(is_number ? operand.compute : operand.storage, random, tame);
  }
  return operands;
}

std::vector<std::vector<char>> run_rows(CpuRowKernel kernel, const TraceGraph& graph, const CpuLayout& layout,
                                        const std::vector<std::vector<Element>>& operands, TableSize size,
                                        bool singly) {
  const bool is_columns = layout.walk == CpuWalk::Columns;
  RowKernelShape shape{};
  RowCall call{};
  call.first_phase = -1;
  call.record = reinterpret_cast<char*>(&shape);
  kernel(&call);

  std::vector<Table> tables;
  std::vector<DType> dtypes;
  std::vector<std::array<char, 16>> number_bytes(graph.operands.size());
  std::vector<const void*> numbers;
  for (std::size_t i = 0; i < graph.operands.size(); ++i) {
    const TraceOperand& operand = graph.operands[i];
    if (operand.form == OperandForm::Number) {
      store_element(operands[i][0], number_bytes[i].data());
      numbers.push_back(number_bytes[i].data());
      continue;
    }
    Table& table = tables.emplace_back(operand.storage, operand.extent, size, layout.walk);
    dtypes.push_back(operand.storage);
    std::size_t next = 0;
    for (std::int64_t row = 0; row < (varies_along_rows(operand.extent) ? size.rows : 1); ++row)
      for (std::int64_t column = 0; column < (varies_along_columns(operand.extent) ? size.columns : 1); ++column)
        store_element(operands[i][next++],
                      table.base(operand.storage) + row * table.row_step + column * table.column_step);
  }
  const std::size_t read = tables.size();
  for (const TraceResult& result : graph.results) {
    tables.emplace_back(result.dtype, result.extent, size, layout.walk);
    dtypes.push_back(result.dtype);
  }

  const std::int64_t pieces = std::max<std::int64_t>((size.columns + RowPiece - 1) / RowPiece, 1);
  auto memory = [](std::int64_t bytes) { return std::vector<char>(static_cast<std::size_t>(bytes) + 64); };
  auto aligned = [](std::vector<char>& bytes) {
    return bytes.data() + (64 - reinterpret_cast<std::uintptr_t>(bytes.data()) % 64) % 64;
  };
  std::vector<char> record = memory(shape.record_bytes), partials = memory(pieces * shape.partial_bytes),
                    places = memory(shape.place_bytes);
  constexpr std::int64_t parts = 2;
  const std::int64_t part_bytes = sums_pitch(size.columns) * shape.sum_bytes;
  std::vector<char> sums = memory(parts * part_bytes);
  std::vector<std::int64_t> strides, row_strides, column_strides;
  for (const Table& table : tables) {
    strides.push_back(is_columns ? table.column_step : table.row_step);
    row_strides.push_back(table.row_step);
    column_strides.push_back(table.column_step);
  }
  call.strides_bytes = strides.data();
  call.numbers = numbers.data();
  call.length = size.columns;
  call.pieces = pieces;
  call.record = aligned(record);
  call.places = aligned(places);
  call.origin_strides_bytes = row_strides.data();
  call.reduced_rank = 1;
  call.reduced_sizes = &size.columns;
  call.reduced_strides_bytes = column_strides.data();
  const bool all_at_once = pieces == 1 && !singly;
  const std::int64_t most = is_columns ? (singly ? 3 : shape.panel_rows) : all_at_once ? size.rows : 1;
  const std::int64_t phases = 2 * shape.sweeps + 2;
  for (std::int64_t row = 0; row < size.rows; row += call.rows) {
    const std::int64_t half = size.rows / parts, part = row < half ? 0 : 1;
    call.rows = std::min(most, (part == 0 && part_bytes > 0 ? half : size.rows) - row);
    call.sums = aligned(sums) + part * part_bytes;
    std::vector<char*> origins, data;
    for (std::size_t t = 0; t < tables.size(); ++t)
      origins.push_back(tables[t].base(dtypes[t]) + row * tables[t].row_step);
    call.origins = origins.data();
    for (std::int64_t phase = 0; phase < phases; phase = call.end_phase) {
      call.first_phase = phase;
      call.end_phase = all_at_once ? phases : phase + 1;
      for (std::int64_t piece = 0; piece < (phase % 2 == 1 ? pieces : 1); ++piece) {
        call.begin = piece * RowPiece;
        call.count = std::min(RowPiece, size.columns - call.begin);
        data.clear();
        for (std::size_t t = 0; t < tables.size(); ++t) data.push_back(origins[t] + call.begin * tables[t].column_step);
        call.data = data.data();
        call.partials = aligned(partials) + piece * shape.partial_bytes;
        kernel(&call);
      }
    }
  }

  if (part_bytes > 0) {
    call.rows = 0;
    call.pieces = parts;
    call.sums = aligned(sums);
    call.first_phase = phases;
    call.end_phase = phases + 1;
    for (std::int64_t piece = 0; piece < pieces; ++piece) {
      call.begin = piece * RowPiece;
      call.count = std::min(RowPiece, size.columns - call.begin);
      std::vector<char*> data;
      for (std::size_t t = 0; t < tables.size(); ++t)
        data.push_back(tables[t].base(dtypes[t]) + call.begin * tables[t].column_step);
      call.data = data.data();
      kernel(&call);
    }
  }

  std::vector<std::vector<char>> results;
  for (std::size_t t = read; t < tables.size(); ++t) {
    Table& table = tables[t];
    auto& bytes = results.emplace_back();
    for (std::int64_t row = 0; row < (varies_along_rows(table.extent) ? size.rows : 1); ++row)
      for (std::int64_t column = 0; column < (varies_along_columns(table.extent) ? size.columns : 1); ++column) {
        const char* element = table.base(dtypes[t]) + row * table.row_step + column * table.column_step;
        bytes.insert(bytes.end(), element, element + size_bytes(dtypes[t]));
      }
  }
  return results;
}

std::string row_difference(const TraceGraph& graph, const std::vector<std::vector<Element>>& operands,
                           const std::vector<std::vector<char>>& results, TableSize size, double relative) {
  const auto wanted =
      interpret_rows(graph, operands, static_cast<std::size_t>(size.rows), static_cast<std::size_t>(size.columns));
  for (std::size_t r = 0; r < results.size(); ++r)
    for (std::size_t i = 0; i < wanted[r].size(); ++i) {
      const Element& want = wanted[r][i];
      const Element got = load_element(results[r].data() + i * size_bytes(want.dtype), want.dtype);
      auto is_close = [&](double a, double b) {
        if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
        return a == b || std::abs(a - b) <= relative * std::max({std::abs(a), std::abs(b), 1.0});
      };
      const bool is_equal = is_integral(want.dtype) ? got.integer == want.integer
                                                    : is_close(got.value.real(), want.value.real()) &&
                                                          is_close(got.value.imag(), want.value.imag());
      if (!is_equal)
        return fmt::format("{} of {} rows, {} columns: result {} at {} is {} {}, not {} {}", graph.op, size.rows,
                           size.columns, r, i, got.integer, got.value.real(), want.integer, want.value.real());
    }
  return {};
}

}  // namespace gems::test
