// Attributes of the pw dialect: spelling of enumerations, custom syntax, verifiers.
#include "Pw/Pw.h"

#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace gems;
using namespace gems::pw;

std::string_view gems::name(OperandForm form) { return form == OperandForm::Tensor ? "tensor" : "number"; }

namespace {

// One of the first `count` values of an enumeration, by its name.
template <class T>
FailureOr<T> parseNamed(AsmParser& parser, std::size_t count, StringRef what) {
  auto values = llvm::map_range(llvm::seq(count), [](std::size_t i) { return static_cast<T>(i); });
  const SMLoc loc = parser.getCurrentLocation();
  StringRef word;
  if (parser.parseKeyword(&word)) return failure();
  for (T value : values)
    if (StringRef(gems::name(value)) == word) return value;
  auto error = parser.emitError(loc) << "'" << word << "' is not " << what << ": expected one of ";
  llvm::interleaveComma(values, error, [&](T value) { error << StringRef(gems::name(value)); });
  return failure();
}

FailureOr<Step> parseStep(AsmParser& parser) { return parseNamed<Step>(parser, 3, "a step"); }

// One of each family.
template <std::size_t... I>
std::array<Schedule, sizeof...(I)> blankSchedules(std::index_sequence<I...>) {
  return {std::variant_alternative_t<I, Schedule>()...};
}

ParseResult parseSteps(AsmParser& parser, SmallVector<Step>& steps) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, [&] {
    FailureOr<Step> step = parseStep(parser);
    if (succeeded(step)) steps.push_back(*step);
    return ParseResult(step);
  });
}

void printSteps(AsmPrinter& printer, ArrayRef<Step> steps) {
  printer << '(';
  llvm::interleaveComma(steps, printer, [&](Step step) { printer << gems::name(step); });
  printer << ')';
}

// Left out of a pointwise kernel.
ParseResult parseWalkedSteps(AsmParser& parser, CpuWalk& walk, SmallVector<Step>& steps) {
  walk = CpuWalk::Elements;
  for (CpuWalk other : {CpuWalk::Row, CpuWalk::Columns})
    if (succeeded(parser.parseOptionalKeyword(gems::name(other)))) walk = other;
  return parseSteps(parser, steps);
}

void printWalkedSteps(AsmPrinter& printer, CpuWalk walk, ArrayRef<Step> steps) {
  if (walk != CpuWalk::Elements) printer << gems::name(walk) << ' ';
  printSteps(printer, steps);
}

ParseResult parseCpuSchedule(AsmParser& parser, int64_t& lanes, bool& bf16Pairs) {
  if (parser.parseKeyword("lanes") || parser.parseEqual() || parser.parseInteger(lanes)) return failure();
  bf16Pairs = succeeded(parser.parseOptionalComma());
  return bf16Pairs ? parser.parseKeyword("bf16_pairs") : ParseResult(success());
}

void printCpuSchedule(AsmPrinter& printer, int64_t lanes, bool bf16Pairs) {
  printer << "lanes = " << lanes << (bf16Pairs ? ", bf16_pairs" : "");
}

}  // namespace

#include "Pw/PwEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "Pw/PwAttrs.cpp.inc"

void PwDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "Pw/PwAttrs.cpp.inc"
      >();
}

FailureOr<DType> pw::detail::parseDType(AsmParser& parser) { return parseNamed<DType>(parser, DTypeCount, "a dtype"); }

FailureOr<OperandForm> pw::detail::parseOperandForm(AsmParser& parser) {
  return parseNamed<OperandForm>(parser, 2, "an operand form");
}

FailureOr<Extent> pw::detail::parseExtent(AsmParser& parser) {
  return parseNamed<Extent>(parser, extent_names.size(), "an extent");
}

FailureOr<Layout> pw::detail::parseLayout(AsmParser& parser) {
  const FailureOr<LayoutClass> cls = parseNamed<LayoutClass>(parser, layout_table.size(), "a layout class");
  if (failed(cls)) return failure();
  Layout layout{*cls};
  if (traits(*cls).family == Family::Held) {
    if (parser.parseComma() || parser.parseKeyword("held") || parser.parseEqual() || parser.parseInteger(layout.held))
      return failure();
  }
  if (failed(parser.parseOptionalComma())) return layout;
  auto parseSingle = [&]() -> ParseResult {
    unsigned operand = 0;
    const SMLoc loc = parser.getCurrentLocation();
    if (parser.parseInteger(operand)) return failure();
    if (operand >= MaxTensors) return parser.emitError(loc) << "a kernel has at most " << MaxTensors << " tensors";
    layout.singles |= static_cast<std::uint16_t>(1u << operand);
    return success();
  };
  if (parser.parseKeyword("single") || parser.parseEqual() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseSingle))
    return failure();
  return layout;
}

void pw::detail::print(AsmPrinter& printer, const Layout& layout) {
  printer << gems::name(layout.cls);
  if (traits(layout.cls).family == Family::Held) printer << ", held = " << unsigned(layout.held);
  if (layout.singles == 0) return;
  printer << ", single = [";
  auto isSingle = [&](std::size_t operand) { return layout.is_single(operand); };
  llvm::interleaveComma(llvm::make_filter_range(llvm::seq(MaxTensors), isSingle), printer);
  printer << ']';
}

FailureOr<Schedule> pw::detail::parseSchedule(AsmParser& parser) {
  const FailureOr<Family> family = parseNamed<Family>(parser, std::variant_size_v<Schedule>, "a kernel family");
  if (failed(family)) return failure();
  Schedule schedule = blankSchedules(std::make_index_sequence<std::variant_size_v<Schedule>>())[int(*family)];
  auto parseFields = [&](auto& kind) {
    return llvm::all_of(kind.fields, [&](const auto& field) {
      return parser.parseComma().succeeded() && parser.parseKeyword(field.name).succeeded() &&
             parser.parseEqual().succeeded() && parser.parseInteger(kind.*field.value).succeeded();
    });
  };
  if (std::visit(parseFields, schedule)) return schedule;
  return failure();
}

void pw::detail::print(AsmPrinter& printer, const Schedule& schedule) {
  printer << gems::name(family_of(schedule));
  std::visit(
      [&](const auto& kind) {
        for (const auto& field : kind.fields) printer << ", " << field.name << " = " << kind.*field.value;
      },
      schedule);
}

LogicalResult OperandAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef name, DType storage,
                                  DType compute, OperandForm form, Extent) {
  if (name.empty()) return emitError() << "an operand needs a name";
  if (form == OperandForm::Tensor) return success();
  if (storage != compute)
    return emitError() << "operand '" << name << "' is a number: it is passed in its compute dtype "
                       << gems::name(compute) << ", not as " << gems::name(storage);
  return success();
}

LogicalResult CpuScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t lanes, bool) {
  if (lanes > 0 && llvm::isPowerOf2_64(static_cast<uint64_t>(lanes))) return success();
  return emitError() << "lanes is a power of two; given " << lanes;
}

LogicalResult ResultAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef name, DType, DType, Extent) {
  if (name.empty()) return emitError() << "a result needs a name";
  return success();
}
