// The text of a trace and back: what the tracer records survives, anything else is refused with its line, and no text
// does harm.
#include "gems/dsl/parse_trace.h"

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "gems/dsl/error.h"
#include "gems/dsl/interpreter.h"
#include "random_traces.h"

namespace gems {
namespace {

using namespace gems::test;

// Equal but for where the op is defined, which the text does not say.
void check_round_trip(const TraceGraph& graph) {
  const std::string text = to_string(graph);
  TraceGraph parsed = parse_trace(text);
  CHECK(parsed.file.empty());
  CHECK(parsed.line == 0);
  CHECK(to_string(parsed) == text);
  parsed.file = graph.file;
  parsed.line = graph.line;
  // NaN literals are unequal to themselves.
  if (text.find("nan") == std::string::npos) CHECK(parsed == graph);
}

std::string error_of(std::string_view text) {
  try {
    parse_trace(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("every trace of the catalogue survives its text") {
  const std::vector<TraceGraph> traces = catalogue_traces();
  CHECK(traces.size() > 500);
  for (const TraceGraph& graph : traces) check_round_trip(graph);
}

TEST_CASE("traces of random bodies survive their text") {
  std::size_t nodes = 0;
  for (std::uint32_t seed = 0; seed < 5000; ++seed) {
    const TraceGraph graph = random_trace(seed);
    nodes += graph.nodes.size();
    check_round_trip(graph);
  }
  CHECK(nodes > 50000);
}

TEST_CASE("so do those of rowwise ops") {
  const std::vector<TraceGraph> traces = rowwise_catalogue_traces();
  CHECK(traces.size() > 150);
  for (const TraceGraph& graph : traces) check_round_trip(graph);
  for (std::uint32_t seed = 0; seed < 2000; ++seed) check_round_trip(random_rowwise_trace(seed, true));
}

TEST_CASE("literals survive their text bit by bit") {
  const auto with_literal = [](std::string_view literal, std::string_view dtype) {
    return "op f\n%0 = literal " + std::string(literal) + " : " + std::string(dtype) + "\nresult out %0 as f32\n";
  };
  for (const std::string_view real : {"0x0p+0", "-0x0p+0", "inf", "-inf", "nan", "-nan", "0x1.fffffffffffffp+1023",
                                      "0x0.0000000000001p-1022", "-0x1.999999999999ap-4"}) {
    const std::string text = with_literal(real, "f64");
    CHECK(to_string(parse_trace(text)) == text);
  }
  for (const std::string_view integer : {"-9223372036854775808", "-1", "9223372036854775807"}) {
    const std::string text = with_literal(integer, "u64");
    CHECK(to_string(parse_trace(text)) == text);
  }
  const std::string complex = with_literal("(0x1p+0, -nan)", "c64");
  CHECK(to_string(parse_trace(complex)) == complex);
}

constexpr std::string_view start =
    "op f\n"
    "operand x tensor f16 as f32, position 0\n"
    "operand a number f32 as f32, position 2\n"
    "%0 = operand x : f32\n"
    "%1 = operand a : f32\n";

std::string error_after_start(std::string_view lines) { return error_of(std::string(start) + std::string(lines)); }

TEST_CASE("a line that says something wrong is named") {
  CHECK(error_of("") == "line 1: the text ends before the line does");
  CHECK(error_of("op f") == "line 1: the text ends before the line does");
  CHECK(error_of("op 1f\n") == "line 1: expected a name, found '1f'");
  CHECK(error_of("op f\n") == "line 2: the trace ends without a result");
  CHECK(error_of("op f g\n") == "line 1: expected the end of the line, found ' g'");
  CHECK(error_of("op f\n\n") == "line 2: expected 'operand', '%' or 'result' at the beginning");
  CHECK(error_of(std::string_view("op \x01\0\xff\n", 7)) == "line 1: expected a name, found '\?\?\?'");
  CHECK(error_of("op f\noperand x vector f32 as f32, position 0\n") ==
        "line 2: expected 'number ', found 'vector f32 as "
        "f32, position 0'");
  CHECK(error_of("op f\noperand x tensor f31 as f32, position 0\n") == "line 2: expected a dtype, found 'f31'");
  CHECK(error_of("op f\noperand x tensor f32 as f32, position 12\n") ==
        "line 2: expected an integer from 0 to 11, found '12'");
  CHECK(error_of("op f\noperand x number f16 as f32, position 0\n") ==
        "line 2: a number is stored in what it is computed in, found f16 and f32");
  CHECK(error_of("op f\noperand x tensor f32 as f32, position 1\noperand y tensor f32 as f32, position 1\n") ==
        "line 3: expected an integer from 2 to 11, found '1'");
  CHECK(error_of("op f\noperand x tensor f32 as f32, position 1\noperand x tensor f32 as f32, position 2\n") ==
        "line 3: two operands are named 'x'");
  CHECK(error_after_start("operand y tensor f32 as f32, position 3\n") == "line 6: an operand behind the first node");
  CHECK(error_after_start("%3 = neg %0 : f32\n") == "line 6: expected an integer from 2 to 2, found '3'");
  CHECK(error_after_start("%2 = negate %0 : f32\n") == "line 6: unknown operation 'negate'");
  CHECK(error_after_start("%2 = operand y : f32\n") == "line 6: no operand is named 'y'");
  CHECK(error_after_start("%2 = operand x : f16\n") == "line 6: the operand is computed in f32, found f16");
  CHECK(error_after_start("%2 = neg %2 : f32\n") == "line 6: expected an integer from 0 to 1, found '2'");
  CHECK(error_after_start("%2 = neg %-1 : f32\n") == "line 6: expected an integer from 0 to 1, found '-1'");
  CHECK(error_after_start("%2 = add %0 : f32\n") == "line 6: expected ', %', found ' : f32'");
  CHECK(error_after_start("%2 = neg %0, %1 : f32\n") == "line 6: expected ' : ', found ', %1 : f32'");
  CHECK(error_after_start("%2 = neg %0 : f64\n") == "line 6: neg of f32 gives f32, found f64");
  CHECK(error_after_start("%2 = lt %0, %1 : f32\n") == "line 6: lt of f32 gives bool, found f32");
  CHECK(error_after_start("%2 = bit_and %0, %1 : f32\n") == "line 6: bit_and takes integers and bool, found f32");
  CHECK(error_after_start("%2 = cast %0 : f64\n%3 = add %0, %2 : f64\n") ==
        "line 7: add of f32 and f64: its values have one dtype");
  CHECK(error_after_start("%2 = bit_cast %0 : f64\n") == "line 6: no bit_cast from f32 to f64");
  CHECK(error_after_start("%2 = bit_cast %0 : c32\n") == "line 6: no bit_cast from f32 to c32");
  CHECK(error_after_start("%2 = select %0, %0, %1 : f32\n") == "line 6: the condition of select is bool, found f32");
  CHECK(error_after_start("%2 = literal 256 : u8\n") == "line 6: u8 does not hold 256");
  CHECK(error_after_start("%2 = literal 2 : bool\n") == "line 6: bool does not hold 2");
  CHECK(error_after_start("%2 = literal 0x1.000001p+0 : f16\n") == "line 6: f16 does not hold 0x1.000001p+0");
  CHECK(error_after_start("%2 = literal 1.5 : f32\n") == "line 6: expected a hexadecimal float, found '1.5'");
  CHECK(error_after_start("%2 = literal 0x1p+0 : c64\n") == "line 6: expected '(', found '0x1p+0 : c64'");
  CHECK(error_after_start("%2 = literal 0x1p+2000 : f64\n") ==
        "line 6: expected a hexadecimal float, found '0x1p+2000'");
  CHECK(error_after_start("result out %2 as f32\n") == "line 6: expected an integer from 0 to 1, found '2'");
  CHECK(error_after_start("result out0 %0 as f32\n") == "line 7: result 0 is named 'out0', expected 'out'");
  CHECK(error_after_start("result out %0 as f32\nresult out %0 as f32\n") ==
        "line 8: result 0 is named 'out', expected 'out0'");
  CHECK(error_after_start("result out %0 as f32\n%2 = neg %0 : f32\n") == "line 7: a node behind the first result");
  CHECK(error_after_start("result out %0 as f32\n") == "no error");
}

constexpr std::string_view row_start =
    "rowwise op f\n"
    "operand x tensor f16 as f32, position 0, element\n"
    "operand r tensor i64 as i64, position 1, row\n"
    "operand a number f32 as f32, position 2\n"
    "%0 = operand x : f32\n"
    "%1 = operand r : i64\n"
    "%2 = operand a : f32\n";

std::string error_after_row_start(std::string_view lines) {
  return error_of(std::string(row_start) + std::string(lines));
}

TEST_CASE("so is one that says something wrong about rows") {
  CHECK(error_of("rowwise f\n") == "line 1: expected 'op ', found 'f'");
  CHECK(error_of("rowwise op f\noperand x tensor f32 as f32, position 0\n") == "line 2: expected ', ', found ''");
  CHECK(error_of("rowwise op f\noperand x tensor f32 as f32, position 0, call\n") ==
        "line 2: expected row, column or element, found 'call'");
  CHECK(error_of("rowwise op f\noperand x number f32 as f32, position 0, element\n") ==
        "line 2: expected the end of the line, found ', element'");
  CHECK(error_of("op f\noperand x tensor f32 as f32, position 0, element\n") ==
        "line 2: expected the end of the line, found ', element'");
  CHECK(error_after_start("%2 = reduce sum.0 %0 : f32\n") == "line 6: reduce in a pointwise op");
  CHECK(error_after_start("%2 = row_length : i64\n") == "line 6: row_length in a pointwise op");
  CHECK(error_after_start("result out %0 as f32, row\n") == "line 6: expected the end of the line, found ', row'");
  CHECK(error_after_row_start("%3 = reduce sums.0 %0 : f32\n") == "line 8: unknown reduction 'sums'");
  CHECK(error_after_row_start("%3 = reduce sum %0 : f32\n") == "line 8: sum has parts 0 to 0, found 'sum'");
  CHECK(error_after_row_start("%3 = reduce sum.1 %0 : f32\n") == "line 8: sum has parts 0 to 0, found 'sum.1'");
  CHECK(error_after_row_start("%3 = reduce max_index.2 %0 : f32\n") ==
        "line 8: max_index has parts 0 to 1, found 'max_index.2'");
  CHECK(error_after_row_start("%3 = reduce max_index.01 %0 : f32\n") ==
        "line 8: max_index has parts 0 to 1, found 'max_index.01'");
  CHECK(error_after_row_start("%3 = reduce max_index.1 %0 : f32\n") == "line 8: reduce gives i64 here, found f32");
  CHECK(error_after_row_start("%3 = reduce sum.0 %1 : i64\n") ==
        "line 8: reduce of a value that does not vary along the row");
  CHECK(error_after_row_start("%3 = reduce sum.0 %2 : f32\n") ==
        "line 8: reduce of a value that does not vary along the row");
  CHECK(error_after_row_start("%3 = row_index : i64\n%4 = reduce moments.0 %3 : i64\n") ==
        "line 9: moments takes floats, found i64");
  CHECK(error_after_row_start("%3 = row_index : i32\n") == "line 8: row_index gives i64 here, found i32");
  CHECK(error_after_row_start("%3 = row_length  : i64\n") == "line 8: expected ' : ', found '  : i64'");
  CHECK(error_after_row_start("%3 = pick %0, %2 : f32\n") == "line 8: the index of pick is an i64, one for each row");
  CHECK(error_after_row_start("%3 = row_index : i64\n%4 = pick %0, %3 : f32\n") ==
        "line 9: the index of pick is an i64, one for each row");
  CHECK(error_after_row_start("%3 = pick %1, %1 : i64\n") ==
        "line 8: pick of a value that does not vary along the row");
  CHECK(error_after_row_start("%3 = pick %0, %1 : f64\n") == "line 8: pick gives f32 here, found f64");
  CHECK(error_after_row_start("result out %0 as f32\n") == "line 8: expected ', ', found ''");
  CHECK(error_after_row_start("result out %0 as f32, row\n") ==
        "line 8: a result of row extent, of a value of element extent");
  CHECK(error_after_row_start("result out %1 as i64, element\n") ==
        "line 8: a result of element extent, of a value of row extent");
  CHECK(error_after_row_start("result out %1 as i64, column\n") ==
        "line 8: a result of column extent, of a value of row extent");
  CHECK(error_after_row_start("result out %0 as f32, column\n") == "no error");
  CHECK(error_after_row_start("%3 = reduce max_index.1 %0 : i64\n%4 = pick %0, %3 : f32\n%5 = row_length : i64\n"
                              "result out %5 as f32, row\n") == "no error");
}

TEST_CASE("another spelling of a trace is refused, since keys are made of the text") {
  CHECK(error_after_start("%2 = literal 0x1.0p+0 : f32\nresult out %2 as f32\n") ==
        "line 6: expected the spelling '%2 = literal 0x1p+0 : f32'");
  CHECK(error_after_start("%2 = literal 007 : i32\nresult out %2 as i32\n") ==
        "line 6: expected the spelling '%2 = literal 7 : i32'");
  CHECK(error_after_start("result out %00 as f32\n") == "line 6: expected the spelling 'result out %0 as f32'");
}

TEST_CASE("sizes are limited") {
  CHECK(error_of(std::string(MaxTraceTextBytes + 1, 'x')) ==
        "line 1: a trace of 1048577 bytes; at most 1048576 are read, make two operators of it");
  std::string many = "op f\n";
  for (std::size_t i = 0; i <= MaxTraceNodes; ++i) many += "%" + std::to_string(i) + " = literal 0 : i8\n";
  CHECK(error_of(many) == "line 16386: more than 16384 nodes; make two operators of it");
  std::string operands = "op f\n";
  for (int i = 0; i < 12; ++i)
    operands += "operand x" + std::to_string(i) + " tensor f32 as f32, position " + std::to_string(i) + "\n";
  CHECK(error_of(operands + "operand y tensor f32 as f32, position 12\n") == "line 14: more than 12 operands");
  CHECK(error_after_start("result out0 %0 as f32\nresult out1 %0 as f32\nresult out2 %0 as f32\nresult out3 %0 as f32\n"
                          "result out4 %0 as f32\n") == "line 10: more than 4 results");
}

// Changes of a text that keep most of it, so that many parts of the parser are reached.
class Mutation {
 public:
  explicit Mutation(std::uint32_t seed) : generator_(seed) {}

  std::string operator()(std::string text, const std::string& other) {
    for (std::size_t count = 1 + below(3); count > 0; --count) change(text, other);
    return text;
  }

 private:
  std::size_t below(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(generator_); }
  std::size_t place(const std::string& text) { return below(text.size() + 1); }

  void change(std::string& text, const std::string& other) {
    static const std::vector<std::string> words{"%0",          "%1",        "%999999",   "-1",     "f16",
                                                "bool",        "c64",       "u8",        "f32",    "literal",
                                                "operand",     "cast",      "bit_cast",  "neg",    "select",
                                                "add",         "nan",       "inf",       "0x1p+0", "(0x0p+0, 0x1p+0)",
                                                "\n",          " : ",       ", ",        "reduce", "sum.0",
                                                "max_index.1", "pick",      "row_index", "row",    "column",
                                                "element",     "rowwise op"};
    const std::size_t at = place(text);
    const std::size_t length = std::min(below(12), text.size() - at);
    switch (below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(place(text), below(40)));
        break;
      case 3:
        text.replace(at, length, words[below(words.size())]);
        break;
      case 4:  // a word for a word
        replace_word(text, words[below(words.size())]);
        break;
      case 5:
        text.insert(at, other.substr(place(other), below(80)));
        break;
    }
  }

  void replace_word(std::string& text, const std::string& by) {
    const std::size_t at = text.find(' ', place(text));
    if (at == std::string::npos) return;
    const std::size_t end = std::min(text.find_first_of(" ,\n", at + 1), text.size());
    text.replace(at + 1, end - at - 1, by);
  }

  std::mt19937 generator_;
};

// Whatever is accepted can be evaluated: the interpreter trusts a trace.
void evaluate(const TraceGraph& graph) {
  std::vector<Element> elements;
  for (const TraceOperand& operand : graph.operands)
    elements.push_back(cast_element({.dtype = DType::F64, .value = 0.75}, operand.storage));
  if (!graph.is_rowwise) CHECK(interpret(graph, elements).size() == graph.results.size());
  std::vector<std::vector<Element>> tables = random_tables(graph, 2, 3, 1);
  CHECK(interpret_rows(graph, tables, 2, 3).size() == graph.results.size());
}

TEST_CASE("no text does harm, and what is accepted is a trace") {
  const std::vector<TraceGraph> catalogue = catalogue_traces();
  std::vector<std::string> texts;
  for (const TraceGraph& graph : catalogue) texts.push_back(to_string(graph));
  for (const TraceGraph& graph : rowwise_catalogue_traces()) texts.push_back(to_string(graph));
  for (std::uint32_t seed = 0; seed < 200; ++seed) texts.push_back(to_string(random_rowwise_trace(seed, true)));
  for (std::uint32_t seed = 0; seed < 200; ++seed) texts.push_back(to_string(random_trace(seed)));
  std::size_t accepted = 0, refused = 0;
  for (std::uint32_t round = 0; round < 40; ++round) {
    Mutation mutate(round);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string text = mutate(texts[i], texts[(i * 7 + round) % texts.size()]);
      try {
        const TraceGraph graph = parse_trace(text);
        ++accepted;
        CHECK(to_string(graph) == text);
        evaluate(graph);
      } catch (const Error& error) {
        ++refused;
        CHECK(std::string_view(error.what()).starts_with("line "));
      }
    }
  }
  CHECK(accepted > 500);
  CHECK(refused > 10000);
}

}  // namespace
}  // namespace gems
