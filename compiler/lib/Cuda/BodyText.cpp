// Names, inlining and parentheses of the scalar body; what each operation becomes is in BodyOperations.cpp.
#include "Cuda/BodyText.h"

#include <optional>

#include "llvm/ADT/StringSwitch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"

using namespace mlir;
using namespace gems::pw;

namespace gems::cuda {

namespace {

// Of all types but narrow floats, which are held as they are in memory. No snippet: built in.
struct ValueType {
  std::string_view name;
  std::optional<Snippet> snippet;
};

ValueType valueTypeOf(Type type) {
  if (type.isF32()) return {"float", {}};
  if (type.isF64()) return {"double", {}};
  if (auto complex = dyn_cast<ComplexType>(type)) {
    if (complex.getElementType().isF16()) return {"c32", Snippet::C32};
    return complex.getElementType().isF32() ? ValueType{"c64", Snippet::C64} : ValueType{"c128", Snippet::C128};
  }
  switch (type.getIntOrFloatBitWidth()) {
    case 1:
      return {"bool", {}};
    case 8:
      return {"u8", Snippet::U8};
    case 16:
      return {"u16", Snippet::U16};
    case 32:
      return {"u32", Snippet::U32};
    default:
      return {"u64", Snippet::U64};
  }
}

}  // namespace

std::string_view valueType(Type type) {
  const std::optional<DType> narrow = narrowFloat(type);
  return narrow ? storage_type(*narrow) : valueTypeOf(type).name;
}

void useValueType(Prelude& prelude, Type type) {
  if (const std::optional<DType> narrow = narrowFloat(type)) return use_storage_type(prelude, *narrow);
  if (const std::optional<Snippet> snippet = valueTypeOf(type).snippet) prelude.use(*snippet);
}

void BodyText::bind(Value argument, std::string name, bool asFloat) {
  texts_[argument] = {std::move(name), Precedence::Primary};
  isFloatAlready_[argument] = asFloat;
}

std::string BodyText::parenthesised(const ExprText& expr, Precedence precedence) const {
  return expr.precedence < precedence ? "(" + expr.text + ")" : expr.text;
}

std::string BodyText::at(Value value, Precedence precedence) { return parenthesised(texts_.at(value), precedence); }

namespace {

// What a named value is called: by what it is.
StringRef stemOf(Operation& op) {
  if (auto approximate = dyn_cast<ApproximateOp>(op)) return stringifyApproximation(approximate.getFunction());
  StringRef name = op.getName().getStringRef().split('.').second;
  return llvm::StringSwitch<StringRef>(name)
      .Cases({"addf", "addi"}, "sum")
      .Cases({"subf", "subi"}, "difference")
      .Cases({"mulf", "muli"}, "product")
      .Cases({"divf", "divsi", "divui"}, "quotient")
      .Cases({"remf", "remsi", "remui"}, "rest")
      .Cases({"negf"}, "minus")
      .Cases({"cmpf", "cmpi", "isnan", "isinf", "isfinite"}, "test")
      .Cases({"andi", "ori", "xori"}, "bits")
      .Cases({"shli", "shrsi", "shrui"}, "shifted")
      .Cases({"select"}, "choice")
      .Cases({"extf", "truncf", "sitofp", "uitofp", "fptosi", "fptoui", "extsi", "extui", "trunci"}, "converted")
      .Cases({"bitcast"}, "bits")
      .Cases({"minimumf", "minnumf", "minsi", "minui"}, "least")
      .Cases({"maximumf", "maxnumf", "maxsi", "maxui"}, "greatest")
      .Cases({"absf", "absi"}, "magnitude")
      .Default(name);
}

// Expressions longer than this get a name, so that lines stay readable.
constexpr size_t LongestInlined = 96;

}  // namespace

bool BodyText::isInlined(Operation& op, const ExprText& text) const {
  // Constants, casts of what is already converted, and parts of arguments are literals or names already.
  if (isa<arith::ConstantOp>(op)) return true;
  if (isa<arith::ExtFOp>(op) && isFloatAlready_.lookup(op.getOperand(0))) return true;
  if (kept_.contains(op.getResult(0))) return false;
  if (isa<complex::ReOp, complex::ImOp>(op)) return true;
  return op.getResult(0).hasOneUse() && text.text.size() <= LongestInlined;
}

void BodyText::write(Block& block) {
  for (Operation& op : block.without_terminator()) write(op);
}

void BodyText::write(Operation& op) {
  if (isa<complex::CreateOp>(op)) return;  // written by the results
  ExprText text = expression(op);
  if (!isInlined(op, text)) {
    Type type = op.getResult(0).getType();
    useValueType(prelude_, type);
    std::string name = newName(stemOf(op).str());
    out_.line("const {} {} = {};", valueType(type), name, text.text);
    text = {name, Precedence::Primary};
  }
  texts_[op.getResult(0)] = std::move(text);
}

}  // namespace gems::cuda
