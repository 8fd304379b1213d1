// parse_trace(): one function for each kind of line; what the lines say together is checked where it is first known.
#include "gems/dsl/parse_trace.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "gems/dsl/domain.h"
#include "gems/dsl/error.h"
#include "gems/dsl/names.h"
#include "gems/dsl/op.h"
#include "integers.h"
#include "node_extent.h"
#include "rounding.h"

namespace gems {
namespace {

// Untrusted text, short and printable.
std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 40;
  std::string shown(text.substr(0, longest));
  for (char& c : shown)
    if (c < ' ' || c > '~') c = '?';
  return fmt::format("'{}{}'", shown, text.size() > longest ? "..." : "");
}

// What is left of one line, taken from its front.
class Line {
 public:
  Line(std::string_view text, std::size_t number) : rest_(text), number_(number) {}

  [[noreturn]] void fail(std::string_view what) const { throw Error(fmt::format("line {}: {}", number_, what)); }

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void expect(std::string_view text) {
    if (!take(text)) fail(fmt::format("expected '{}', found {}", text, quoted(rest_)));
  }
  void expect_end() const {
    if (!rest_.empty()) fail(fmt::format("expected the end of the line, found {}", quoted(rest_)));
  }

  std::string_view word() {
    const std::string_view found = rest_.substr(0, std::min(rest_.find_first_of(" ,)"), rest_.size()));
    rest_.remove_prefix(found.size());
    return found;
  }
  std::string name() {
    const std::string_view found = word();
    if (!is_identifier(found)) fail(fmt::format("expected a name, found {}", quoted(found)));
    return std::string(found);
  }
  DType dtype() {
    const std::string_view found = word();
    const std::optional<DType> dtype = parse_dtype(found);
    if (!dtype) fail(fmt::format("expected a dtype, found {}", quoted(found)));
    return *dtype;
  }
  std::int64_t integer(std::int64_t low, std::int64_t high) {
    const std::string_view found = word();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), value);
    if (error != std::errc() || end != found.data() + found.size() || value < low || value > high)
      fail(fmt::format("expected an integer from {} to {}, found {}", low, high, quoted(found)));
    return value;
  }
  // As {:a} prints it.
  double real() {
    const std::string_view found = word();
    std::string_view digits = found;
    const bool negative = digits.starts_with('-');
    if (negative) digits.remove_prefix(1);
    const auto with_sign = [&](double value) { return std::copysign(value, negative ? -1.0 : 1.0); };
    if (digits == "inf") return with_sign(std::numeric_limits<double>::infinity());
    if (digits == "nan") return with_sign(std::numeric_limits<double>::quiet_NaN());
    double value = 0;
    if (digits.starts_with("0x")) {
      digits.remove_prefix(2);
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::hex);
      if (error == std::errc() && end == digits.data() + digits.size()) return with_sign(value);
    }
    fail(fmt::format("expected a hexadecimal float, found {}", quoted(found)));
  }

 private:
  std::string_view rest_;
  std::size_t number_;
};

class TraceParser {
 public:
  explicit TraceParser(std::string_view text) : rest_(text) {}

  TraceGraph parse() {
    Line first = next_line();
    graph_.is_rowwise = first.take("rowwise ");
    first.expect("op ");
    graph_.op = first.name();
    first.expect_end();
    while (!rest_.empty()) {
      Line line = next_line();
      if (line.take("operand "))
        parse_operand(line);
      else if (line.take("%"))
        parse_node(line);
      else if (line.take("result "))
        parse_result(line);
      else
        line.fail("expected 'operand', '%' or 'result' at the beginning");
      line.expect_end();
    }
    Line end({}, line_number_ + 1);
    if (graph_.results.empty()) end.fail("the trace ends without a result");
    check_result_names(end);
    return std::move(graph_);
  }

 private:
  Line next_line() {
    ++line_number_;
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) Line({}, line_number_).fail("the text ends before the line does");
    const Line line(rest_.substr(0, end), line_number_);
    rest_.remove_prefix(end + 1);
    return line;
  }

  void parse_operand(Line& line) {
    if (!graph_.nodes.empty() || !graph_.results.empty()) line.fail("an operand behind the first node");
    if (graph_.operands.size() == MaxOperands) line.fail(fmt::format("more than {} operands", MaxOperands));
    TraceOperand operand{line.name(), OperandForm::Tensor, DType::F32, DType::F32, 0};
    line.expect(" ");
    if (!line.take("tensor ")) {
      line.expect("number ");
      operand.form = OperandForm::Number;
    }
    operand.storage = line.dtype();
    line.expect(" as ");
    operand.compute = line.dtype();
    line.expect(", position ");
    const std::int64_t least = graph_.operands.empty() ? 0 : graph_.operands.back().position + 1;
    operand.position = static_cast<std::int32_t>(line.integer(least, MaxOperands - 1));
    if (operand.form == OperandForm::Number && operand.storage != operand.compute)
      line.fail(fmt::format("a number is stored in what it is computed in, found {} and {}", name(operand.storage),
                            name(operand.compute)));
    if (graph_.is_rowwise && operand.form == OperandForm::Tensor) operand.extent = parse_extent(line);
    if (find_operand(operand.name)) line.fail(fmt::format("two operands are named '{}'", operand.name));
    graph_.operands.push_back(std::move(operand));
  }

  // Of a tensor: one value for all is a number.
  static Extent parse_extent(Line& line) {
    line.expect(", ");
    const std::string_view found = line.word();
    const std::optional<Extent> extent = find_extent(found);
    if (!extent || *extent == Extent::Call)
      line.fail(fmt::format("expected row, column or element, found {}", quoted(found)));
    return *extent;
  }

  void parse_node(Line& line) {
    if (!graph_.results.empty()) line.fail("a node behind the first result");
    if (graph_.nodes.size() == MaxTraceNodes)
      line.fail(fmt::format("more than {} nodes; make two operators of it", MaxTraceNodes));
    const auto own = static_cast<std::int64_t>(graph_.nodes.size());
    line.integer(own, own);
    line.expect(" = ");
    const std::string_view op_name = line.word();
    const std::optional<ScalarOp> op = find_scalar_op(op_name);
    if (!op) line.fail(fmt::format("unknown operation {}", quoted(op_name)));
    TraceNode node{.op = *op, .dtype = DType::Bool};
    if (is_rowwise(node.op) && !graph_.is_rowwise) line.fail(fmt::format("{} in a pointwise op", op_name));
    if (node.op == ScalarOp::Operand) {
      line.expect(" ");
      parse_operand_node(line, node);
    } else if (node.op == ScalarOp::Literal) {
      line.expect(" ");
      parse_literal_node(line, node);
    } else {
      if (node.op == ScalarOp::Reduce) parse_reduction(line, node);
      for (int i = 0; i < arity(node.op); ++i) {
        line.expect(i == 0 ? " %" : ", %");
        node.args[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(line.integer(0, own - 1));
      }
      line.expect(" : ");
      node.dtype = line.dtype();
      if (is_rowwise(node.op))
        check_of_row(line, node);
      else
        check_dtypes(line, node);
    }
    graph_.nodes.push_back(node);
    extents_.push_back(extent_of(node, graph_.operands, extents_));
  }

  // "max_index.1".
  static void parse_reduction(Line& line, TraceNode& node) {
    line.expect(" ");
    const std::string_view found = line.word();
    const std::size_t dot = std::min(found.find('.'), found.size());
    const std::optional<ReduceOp> reduce = find_reduce_op(found.substr(0, dot));
    if (!reduce) line.fail(fmt::format("unknown reduction {}", quoted(found.substr(0, dot))));
    node.reduce = *reduce;
    for (int part = 0; part < parts(*reduce); ++part) {
      if (found.substr(dot) != fmt::format(".{}", part)) continue;
      node.part = static_cast<std::int8_t>(part);
      return;
    }
    line.fail(fmt::format("{} has parts 0 to {}, found {}", name(*reduce), parts(*reduce) - 1, quoted(found)));
  }

  void check_of_row(const Line& line, const TraceNode& node) const {
    DType expected = DType::I64;
    if (arity(node.op) > 0) {
      const DType dtype = dtype_of(node.args[0]);
      if (!varies_along_columns(extent_of_node(node.args[0])))
        line.fail(fmt::format("{} of a value that does not vary along the row", name(node.op)));
      if (node.op == ScalarOp::Reduce && !contains(domain(node.reduce), dtype))
        line.fail(fmt::format("{} takes {}, found {}", name(node.reduce), text(domain(node.reduce)), name(dtype)));
      expected = node.op == ScalarOp::Reduce ? part_dtype(node.reduce, node.part, dtype) : dtype;
    }
    if (node.op == ScalarOp::Pick &&
        (dtype_of(node.args[1]) != DType::I64 || varies_along_columns(extent_of_node(node.args[1]))))
      line.fail("the index of pick is an i64, one for each row");
    if (node.dtype != expected)
      line.fail(fmt::format("{} gives {} here, found {}", name(node.op), name(expected), name(node.dtype)));
  }

  void parse_operand_node(Line& line, TraceNode& node) {
    const std::string_view found = line.word();
    const std::optional<std::int32_t> operand = find_operand(found);
    if (!operand) line.fail(fmt::format("no operand is named {}", quoted(found)));
    node.operand = *operand;
    line.expect(" : ");
    node.dtype = line.dtype();
    const DType compute = graph_.operands[static_cast<std::size_t>(*operand)].compute;
    if (node.dtype != compute)
      line.fail(fmt::format("the operand is computed in {}, found {}", name(compute), name(node.dtype)));
  }

  // The literal stands before its dtype, which says how to read it.
  void parse_literal_node(Line& line, TraceNode& node) {
    Line behind = line;
    if (behind.take("(")) {
      behind.word();
      behind.expect(", ");
      behind.word();
      behind.expect(")");
    } else {
      behind.word();
    }
    behind.expect(" : ");
    node.dtype = behind.dtype();
    if (is_integral(node.dtype)) {
      node.constant.integer =
          line.integer(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
      const auto bits = static_cast<std::uint64_t>(node.constant.integer);
      const bool fits = is_bool(node.dtype) ? bits <= 1 : wrap(node.dtype, bits) == node.constant.integer;
      if (!fits) line.fail(fmt::format("{} does not hold {}", name(node.dtype), node.constant.integer));
    } else if (is_float(node.dtype)) {
      node.constant.real = parse_part(line, node.dtype);
    } else {
      line.expect("(");
      node.constant.real = parse_part(line, real_of(node.dtype));
      line.expect(", ");
      node.constant.imag = parse_part(line, real_of(node.dtype));
      line.expect(")");
    }
    line = behind;
  }

  static double parse_part(Line& line, DType dtype) {
    const double value = line.real();
    if (!std::isnan(value) && round_to(dtype, value) != value)
      line.fail(fmt::format("{} does not hold {:a}", name(dtype), value));
    return value;
  }

  DType dtype_of(std::int32_t node) const { return graph_.nodes[static_cast<std::size_t>(node)].dtype; }
  Extent extent_of_node(std::int32_t node) const { return extents_[static_cast<std::size_t>(node)]; }

  void check_dtypes(const Line& line, const TraceNode& node) const {
    const std::size_t first = node.op == ScalarOp::Select ? 1 : 0;
    const auto count = static_cast<std::size_t>(arity(node.op));
    if (first == 1 && !is_bool(dtype_of(node.args[0])))
      line.fail(fmt::format("the condition of select is bool, found {}", name(dtype_of(node.args[0]))));
    const DType dtype = dtype_of(node.args[first]);
    for (std::size_t i = first; i < count; ++i)
      if (dtype_of(node.args[i]) != dtype)
        line.fail(fmt::format("{} of {} and {}: its values have one dtype", name(node.op), name(dtype),
                              name(dtype_of(node.args[i]))));
    if (!contains(domain(node.op), dtype))
      line.fail(fmt::format("{} takes {}, found {}", name(node.op), text(domain(node.op)), name(dtype)));
    if (node.op == ScalarOp::Cast) return;
    if (node.op == ScalarOp::BitCast) {
      if (!contains(domain(node.op), node.dtype) || size_bytes(node.dtype) != size_bytes(dtype))
        line.fail(fmt::format("no bit_cast from {} to {}", name(dtype), name(node.dtype)));
      return;
    }
    if (const DType value = value_dtype(node.op, dtype); node.dtype != value)
      line.fail(fmt::format("{} of {} gives {}, found {}", name(node.op), name(dtype), name(value), name(node.dtype)));
  }

  void parse_result(Line& line) {
    if (graph_.results.size() == MaxResults) line.fail(fmt::format("more than {} results", MaxResults));
    TraceResult result{line.name(), 0, DType::F32};
    line.expect(" %");
    result.node = static_cast<std::int32_t>(line.integer(0, static_cast<std::int64_t>(graph_.nodes.size()) - 1));
    line.expect(" as ");
    result.dtype = line.dtype();
    if (graph_.is_rowwise) {
      result.extent = parse_extent(line);
      const Extent of_node = extent_of_node(result.node);
      const bool fits = result.extent == Extent::Column
                            ? of_node == Extent::Element
                            : varies_along_columns(of_node) == (result.extent != Extent::Row);
      if (!fits)
        line.fail(fmt::format("a result of {} extent, of a value of {} extent", name(result.extent), name(of_node)));
    }
    graph_.results.push_back(std::move(result));
  }

  void check_result_names(const Line& end) const {
    const std::size_t count = graph_.results.size();
    for (std::size_t i = 0; i < count; ++i) {
      const std::string expected = count == 1 ? "out" : fmt::format("out{}", i);
      if (graph_.results[i].name != expected)
        end.fail(fmt::format("result {} is named '{}', expected '{}'", i, graph_.results[i].name, expected));
    }
  }

  std::optional<std::int32_t> find_operand(std::string_view name) const {
    const auto found = std::ranges::find(graph_.operands, name, &TraceOperand::name);
    if (found == graph_.operands.end()) return std::nullopt;
    return static_cast<std::int32_t>(found - graph_.operands.begin());
  }

  std::string_view rest_;
  std::size_t line_number_ = 0;
  TraceGraph graph_;
  std::vector<Extent> extents_;  // of the nodes
};

// Equal traces have equal texts, which keys of the cache rely on: another spelling of the same trace is refused.
void check_spelling(std::string_view text, const std::string& canonical) {
  if (text == canonical) return;
  const auto differs = std::ranges::mismatch(text, canonical).in1;
  const auto number = 1 + std::count(text.begin(), differs, '\n');
  const std::size_t from = text.substr(0, static_cast<std::size_t>(differs - text.begin())).rfind('\n') + 1;
  const std::string_view expected = std::string_view(canonical).substr(from);
  throw Error(
      fmt::format("line {}: expected the spelling {}", number, quoted(expected.substr(0, expected.find('\n')))));
}

}  // namespace

TraceGraph parse_trace(std::string_view text) {
  if (text.size() > MaxTraceTextBytes)
    throw Error(fmt::format("line 1: a trace of {} bytes; at most {} are read, make two operators of it", text.size(),
                            MaxTraceTextBytes));
  TraceGraph graph = TraceParser(text).parse();
  check_spelling(text, to_string(graph));
  return graph;
}

}  // namespace gems
