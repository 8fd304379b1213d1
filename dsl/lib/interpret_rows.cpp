// interpret_rows(): every node on all of its values at once.
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>

#include <fmt/format.h>

#include "evaluate.h"
#include "gems/dsl/error.h"
#include "gems/dsl/interpreter.h"
#include "integers.h"

namespace gems {
namespace {

using Values = std::vector<Element>;

struct Table {
  std::size_t rows, columns;

  std::size_t count(Extent extent) const {
    return (varies_along_rows(extent) ? rows : 1) * (varies_along_columns(extent) ? columns : 1);
  }
  // Where the value of an extent is for an element.
  std::size_t place(Extent extent, std::size_t row, std::size_t column) const {
    const std::size_t at = varies_along_rows(extent) ? row : 0;
    return varies_along_columns(extent) ? at * columns + column : at;
  }
};

Element extreme(DType dtype, bool is_max) {
  Element value{.dtype = dtype};
  if (is_bool(dtype)) {
    value.integer = is_max ? 0 : 1;
  } else if (is_integral(dtype)) {
    const int bits = static_cast<int>(size_bytes(dtype)) * 8;
    const std::uint64_t top = std::uint64_t{1} << (bits - 1);
    const std::uint64_t low = is_signed(dtype) ? top : 0;
    const std::uint64_t high = is_signed(dtype) ? top - 1 : top - 1 + top;
    value.integer = wrap(dtype, is_max ? low : high);
  } else {
    value.value = is_max ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  return value;
}

bool is_nan(const Element& x) { return !is_integral(x.dtype) && std::isnan(x.value.real()); }

// Whether a comes before b as the maximum (minimum): the first NaN, else the greatest.
bool is_better(const Element& a, const Element& b, bool is_max) {
  if (is_nan(a) || is_nan(b)) return is_nan(a) && !is_nan(b);
  const std::array args{a, b};
  return evaluate(is_max ? ScalarOp::Gt : ScalarOp::Lt, DType::Bool, args).integer != 0;
}

Element real(DType dtype, std::complex<double> value) {
  return cast_element({is_complex(dtype) ? DType::C128 : DType::F64, 0, value}, dtype);
}

// The parts of the reduction of one row.
std::array<Element, 2> reduce(ReduceOp op, DType dtype, const Values& row) {
  const bool is_max = op == ReduceOp::Max || op == ReduceOp::MaxIndex || op == ReduceOp::ExpSum;
  switch (op) {
    case ReduceOp::Sum:
    case ReduceOp::Prod: {
      const bool is_sum = op == ReduceOp::Sum;
      if (is_integral(dtype)) {
        Element total{.dtype = dtype, .integer = is_sum ? 0 : 1};
        for (const Element& x : row) {
          const std::array args{total, x};
          total = evaluate(is_sum ? ScalarOp::Add : ScalarOp::Mul, dtype, args);
        }
        return {total};
      }
      std::complex<double> total = is_sum ? 0 : 1;
      for (const Element& x : row) total = is_sum ? total + x.value : total.real() * x.value.real();
      return {real(dtype, total)};
    }
    case ReduceOp::Max:
    case ReduceOp::Min:
    case ReduceOp::MaxIndex:
    case ReduceOp::MinIndex: {
      Element best = extreme(dtype, is_max);
      std::int64_t index = 0;
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (i > 0 && !is_better(row[i], best, is_max)) continue;
        best = row[i];
        index = static_cast<std::int64_t>(i);
      }
      return {best, Element{.dtype = DType::I64, .integer = index}};
    }
    case ReduceOp::Moments: {
      double mean = 0;
      for (const Element& x : row) mean += x.value.real();
      mean /= static_cast<double>(row.size());
      double squares = 0;
      for (const Element& x : row) squares += (x.value.real() - mean) * (x.value.real() - mean);
      return {real(dtype, mean), real(dtype, squares)};
    }
    case ReduceOp::ExpSum: {
      Element best = extreme(dtype, true);
      for (const Element& x : row)
        if (is_better(x, best, true)) best = x;
      double sum = 0;
      for (const Element& x : row)
        if (x.value.real() != -std::numeric_limits<double>::infinity())
          sum += std::exp(x.value.real() - best.value.real());
      return {best, real(dtype, sum)};
    }
  }
  return {};
}

class RowInterpreter {
 public:
  RowInterpreter(const TraceGraph& graph, std::span<const Values> operands, Table table)
      : graph_(graph), operands_(operands), table_(table), extents_(extents(graph)) {}

  std::vector<Values> run() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) values_.push_back(values_of(graph_.nodes[i], extents_[i]));
    std::vector<Values> results;
    for (const TraceResult& result : graph_.results) results.push_back(result_values(result));
    return results;
  }

 private:
  const Element& value(std::int32_t node, std::size_t row, std::size_t column) const {
    const auto index = static_cast<std::size_t>(node);
    return values_[index][table_.place(extents_[index], row, column)];
  }

  Values row_of(std::int32_t node, std::size_t row) const {
    Values elements;
    for (std::size_t column = 0; column < table_.columns; ++column) elements.push_back(value(node, row, column));
    return elements;
  }

  Values values_of(const TraceNode& node, Extent extent) const {
    Values values(table_.count(extent));
    for (std::size_t row = 0; row < (varies_along_rows(extent) ? table_.rows : 1); ++row)
      for (std::size_t column = 0; column < (varies_along_columns(extent) ? table_.columns : 1); ++column) {
        const std::size_t place = table_.place(extent, row, column);
        values[place] = node_value(node, place, row, column);
      }
    return values;
  }

  Element node_value(const TraceNode& node, std::size_t place, std::size_t row, std::size_t column) const {
    switch (node.op) {
      case ScalarOp::Operand:
        return cast_element(operands_[static_cast<std::size_t>(node.operand)][place], node.dtype);
      case ScalarOp::Literal:
        return {node.dtype, node.constant.integer, {node.constant.real, node.constant.imag}};
      case ScalarOp::RowLength:
        return {.dtype = DType::I64, .integer = static_cast<std::int64_t>(table_.columns)};
      case ScalarOp::RowIndex:
        return {.dtype = DType::I64, .integer = static_cast<std::int64_t>(column)};
      case ScalarOp::Pick: {
        const std::int64_t index = value(node.args[1], row, 0).integer;
        const bool is_inside = index >= 0 && index < static_cast<std::int64_t>(table_.columns);
        return is_inside ? value(node.args[0], row, static_cast<std::size_t>(index)) : Element{.dtype = node.dtype};
      }
      case ScalarOp::Reduce: {
        const DType dtype = graph_.nodes[static_cast<std::size_t>(node.args[0])].dtype;
        return reduce(node.reduce, dtype, row_of(node.args[0], row))[static_cast<std::size_t>(node.part)];
      }
      default:
        break;
    }
    std::array<Element, 3> args;
    const auto count = static_cast<std::size_t>(arity(node.op));
    for (std::size_t i = 0; i < count; ++i) args[i] = value(node.args[i], row, column);
    return evaluate(node.op, node.dtype, std::span(args).first(count));
  }

  Values result_values(const TraceResult& result) const {
    Values values;
    if (result.extent == Extent::Column) {
      const DType dtype = graph_.nodes[static_cast<std::size_t>(result.node)].dtype;
      for (std::size_t column = 0; column < table_.columns; ++column) {
        Values elements;
        for (std::size_t row = 0; row < table_.rows; ++row) elements.push_back(value(result.node, row, column));
        values.push_back(cast_element(reduce(ReduceOp::Sum, dtype, elements)[0], result.dtype));
      }
      return values;
    }
    for (std::size_t row = 0; row < table_.rows; ++row)
      for (std::size_t column = 0; column < (result.extent == Extent::Row ? 1 : table_.columns); ++column)
        values.push_back(cast_element(value(result.node, row, column), result.dtype));
    return values;
  }

  const TraceGraph& graph_;
  std::span<const Values> operands_;
  Table table_;
  std::vector<Extent> extents_;
  std::vector<Values> values_;
};

}  // namespace

std::vector<std::vector<Element>> interpret_rows(const TraceGraph& graph,
                                                 std::span<const std::vector<Element>> operands, std::size_t rows,
                                                 std::size_t columns) {
  if (operands.size() != graph.operands.size())
    throw Error(fmt::format("op '{}': the trace has {} operands, given elements of {}; pass them for each", graph.op,
                            graph.operands.size(), operands.size()));
  return RowInterpreter(graph, operands, {rows, columns}).run();
}

}  // namespace gems
