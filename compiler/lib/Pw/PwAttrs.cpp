// Attributes of the pw dialect: spelling of enumerations, custom syntax, verifiers.
#include "Pw/Pw.h"

#include <bit>

#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace gems;
using namespace gems::pw;

std::string_view gems::name(OperandForm form) { return form == OperandForm::Tensor ? "tensor" : "number"; }

namespace {

// One of `values`, by its name.
template <class T>
FailureOr<T> parseNamed(AsmParser& parser, ArrayRef<T> values, StringRef what) {
  const SMLoc loc = parser.getCurrentLocation();
  StringRef word;
  if (parser.parseKeyword(&word)) return failure();
  for (T value : values)
    if (StringRef(gems::name(value)) == word) return value;
  auto error = parser.emitError(loc) << "'" << word << "' is not " << what << ": expected one of ";
  llvm::interleaveComma(values, error, [&](T value) { error << StringRef(gems::name(value)); });
  return failure();
}

FailureOr<Step> parseStep(AsmParser& parser) {
  return parseNamed<Step>(parser, {Step::Contiguous, Step::Broadcast, Step::Strided}, "a step");
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

FailureOr<DType> pw::detail::parseDType(AsmParser& parser) {
  SmallVector<DType> all;
  for (std::size_t i = 0; i < DTypeCount; ++i) all.push_back(static_cast<DType>(i));
  return parseNamed<DType>(parser, all, "a dtype");
}

FailureOr<OperandForm> pw::detail::parseOperandForm(AsmParser& parser) {
  return parseNamed<OperandForm>(parser, {OperandForm::Tensor, OperandForm::Number}, "an operand form");
}

FailureOr<Family> pw::detail::parseFamily(AsmParser& parser) {
  return parseNamed<Family>(parser, {Family::Flat, Family::Rows, Family::Tile, Family::Generic}, "a kernel family");
}

FailureOr<Layout> pw::detail::parseLayout(AsmParser& parser) {
  SmallVector<LayoutClass> all;
  for (std::size_t i = 0; i < layout_table.size(); ++i) all.push_back(static_cast<LayoutClass>(i));
  const FailureOr<LayoutClass> cls = parseNamed<LayoutClass>(parser, all, "a layout class");
  if (failed(cls)) return failure();
  Layout layout{*cls};
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
  if (layout.singles == 0) return;
  printer << ", single = [";
  auto isSingle = [&](std::size_t operand) { return layout.is_single(operand); };
  llvm::interleaveComma(llvm::make_filter_range(llvm::seq(MaxTensors), isSingle), printer);
  printer << ']';
}

LogicalResult OperandAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef name, DType storage,
                                  DType compute, OperandForm form) {
  if (name.empty()) return emitError() << "an operand needs a name";
  if (form == OperandForm::Tensor) return success();
  if (storage != compute)
    return emitError() << "operand '" << name << "' is a number: it is passed in its compute dtype "
                       << gems::name(compute) << ", not as " << gems::name(storage);
  return success();
}

LogicalResult ResultAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef name, DType, DType) {
  if (name.empty()) return emitError() << "a result needs a name";
  return success();
}

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError, Family family, int width, int unroll,
                                   int threads, int blocks, int lanes, int pack) {
  auto isPowerUpTo = [](int value, int most) {
    return value >= 1 && value <= most && std::has_single_bit(static_cast<unsigned>(value));
  };
  if (!isPowerUpTo(width, 16)) return emitError() << "width is a power of two of at most 16; given " << width;
  if (family == Family::Generic && width != 1)
    return emitError() << "a generic kernel moves single elements: width is 1; given " << width;
  if (unroll < 1 || unroll > 16) return emitError() << "unroll is 1 to 16; given " << unroll;
  if (!isPowerUpTo(threads, 1024) || threads < 32)
    return emitError() << "threads is a power of two from 32 to 1024; given " << threads;
  if (blocks < 1 || blocks > 32 || blocks * threads > 2048)
    return emitError() << "blocks is 1 to 32, of at most 2048 threads together; given " << blocks << " of " << threads;
  if (family != Family::Tile && (lanes != 1 || pack != 1))
    return emitError() << "lanes and pack are those of a tile, but the family is " << gems::name(family);
  if (!isPowerUpTo(lanes, 32) || lanes > threads)
    return emitError() << "lanes is a power of two of at most 32; given " << lanes;
  if (!isPowerUpTo(pack, 4)) return emitError() << "pack is 1, 2 or 4; given " << pack;
  return success();
}
