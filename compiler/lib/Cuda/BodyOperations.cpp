// What each operation of the final form (Transforms/VerifyFinalForm.cpp) becomes in C++.
//
// Integers live in unsigned types, so that sums and products wrap; operations that depend on the sign cast. Types
// narrower than int are promoted by C++, so their results are cast back.
#include "Cuda/ApproximationText.h"
#include "Cuda/BodyText.h"
#include "Cuda/Literals.h"
#include "gems/dsl/error.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace gems::pw;

namespace gems::cuda {
namespace {

unsigned widthOf(Type type) { return type.getIntOrFloatBitWidth(); }
bool isBool(Type type) { return type.isInteger(1); }
// Promoted to int by C++ arithmetic.
bool isPromoted(Type type) { return widthOf(type) < 32; }

struct SignedType {
  unsigned width;
  std::string_view name;
  Snippet snippet;
};
const SignedType& signedType(Type type) {
  static constexpr SignedType types[] = {
      {8, "i8", Snippet::I8}, {16, "i16", Snippet::I16}, {32, "i32", Snippet::I32}, {64, "i64", Snippet::I64}};
  return *llvm::find_if(types, [&](const SignedType& each) { return each.width == widthOf(type); });
}

// Functions whose double form has this name and whose float form has an f behind it.
StringRef mathFunction(Operation& op) {
  static const llvm::StringMap<StringRef> functions = {
      {"arith.remf", "fmod"},     {"arith.minnumf", "fmin"},     {"arith.maxnumf", "fmax"}, {"math.absf", "fabs"},
      {"math.acos", "acos"},      {"math.asin", "asin"},         {"math.atan", "atan"},     {"math.atan2", "atan2"},
      {"math.ceil", "ceil"},      {"math.copysign", "copysign"}, {"math.cos", "cos"},       {"math.cosh", "cosh"},
      {"math.erf", "erf"},        {"math.erfc", "erfc"},         {"math.exp", "exp"},       {"math.exp2", "exp2"},
      {"math.expm1", "expm1"},    {"math.floor", "floor"},       {"math.fma", "fma"},       {"math.log", "log"},
      {"math.log10", "log10"},    {"math.log1p", "log1p"},       {"math.log2", "log2"},     {"math.powf", "pow"},
      {"math.roundeven", "rint"}, {"math.rsqrt", "rsqrt"},       {"math.sin", "sin"},       {"math.sinh", "sinh"},
      {"math.sqrt", "sqrt"},      {"math.tan", "tan"},           {"math.tanh", "tanh"},     {"math.trunc", "trunc"},
  };
  return functions.lookup(op.getName().getStringRef());
}

// Instructions in PTX, named as there.
std::optional<Snippet> instruction(Approximation function) {
  static constexpr std::pair<Approximation, Snippet> snippets[] = {{Approximation::ex4, Snippet::Ex4},
                                                                   {Approximation::lg2, Snippet::Lg2},
                                                                   {Approximation::rcp, Snippet::Rcp},
                                                                   {Approximation::sqrt, Snippet::Sqrt},
                                                                   {Approximation::div, Snippet::Div}};
  for (const auto& [known, snippet] : snippets)
    if (known == function) return snippet;
  return std::nullopt;
}

Precedence tighter(Precedence precedence) { return static_cast<Precedence>(static_cast<int>(precedence) + 1); }

}  // namespace

std::string BodyText::signedAt(Value value, Precedence precedence) {
  if (auto constant = value.getDefiningOp<arith::ConstantOp>()) {
    const std::string literal = signedLiteral(cast<IntegerAttr>(constant.getValue()).getValue());
    return literal;
  }
  prelude_.use(signedType(value.getType()).snippet);
  return fmt::format("({}){}", signedType(value.getType()).name, at(value, precedence));
}

// Left-associative: the right operand must bind more tightly.
ExprText BodyText::binary(Operation& op, std::string_view symbol, Precedence precedence) {
  return {fmt::format("{} {} {}", at(op.getOperand(0), precedence), symbol, at(op.getOperand(1), tighter(precedence))),
          precedence};
}

ExprText BodyText::signedBinary(Operation& op, std::string_view symbol, Precedence precedence) {
  return {fmt::format("{} {} {}", signedAt(op.getOperand(0)), symbol, signedAt(op.getOperand(1))), precedence};
}

ExprText BodyText::call(std::string_view function, Operation& op) {
  std::string arguments;
  for (Value operand : op.getOperands()) arguments += (arguments.empty() ? "" : ", ") + at(operand);
  return {fmt::format("{}({})", function, arguments), Precedence::Primary};
}

ExprText BodyText::castTo(Type type, const ExprText& inner) {
  useValueType(prelude_, type);
  return {fmt::format("({}){}", valueType(type), parenthesised(inner, Precedence::Unary)), Precedence::Unary};
}

ExprText BodyText::constant(TypedAttr value) {
  if (auto number = dyn_cast<FloatAttr>(value)) {
    useValueType(prelude_, number.getType());
    std::string text = floatLiteral(number.getValue(), number.getType());
    const Precedence precedence = text.front() == '-' ? Precedence::Unary : Precedence::Primary;
    return {std::move(text), precedence};
  }
  auto number = cast<IntegerAttr>(value);
  if (isBool(number.getType())) return {number.getValue().isZero() ? "false" : "true"};
  std::string text = unsignedLiteral(number.getValue());
  if (text.front() != '(') return {std::move(text)};
  useValueType(prelude_, number.getType());
  return {std::move(text), Precedence::Unary};
}

ExprText BodyText::compare(Operation& op) {
  using arith::CmpFPredicate, arith::CmpIPredicate;
  struct Comparison {
    std::string_view symbol;
    std::initializer_list<CmpFPredicate> floats;
    std::initializer_list<CmpIPredicate> integers;  // on unsigned types, and on signed ones when there are two
  };
  static const Comparison comparisons[] = {
      {"==", {CmpFPredicate::OEQ}, {CmpIPredicate::eq}},
      {"!=", {CmpFPredicate::UNE}, {CmpIPredicate::ne}},
      {"<", {CmpFPredicate::OLT}, {CmpIPredicate::ult, CmpIPredicate::slt}},
      {"<=", {CmpFPredicate::OLE}, {CmpIPredicate::ule, CmpIPredicate::sle}},
      {">", {CmpFPredicate::OGT}, {CmpIPredicate::ugt, CmpIPredicate::sgt}},
      {">=", {CmpFPredicate::OGE}, {CmpIPredicate::uge, CmpIPredicate::sge}},
  };
  auto floats = dyn_cast<arith::CmpFOp>(op);
  auto integers = dyn_cast<arith::CmpIOp>(op);
  if (floats && floats.getPredicate() == CmpFPredicate::UNO)
    return {fmt::format("isnan({}) || isnan({})", at(op.getOperand(0)), at(op.getOperand(1))), Precedence::Or};
  for (const Comparison& comparison : comparisons) {
    const Precedence precedence = comparison.integers.size() == 1 ? Precedence::Equality : Precedence::Relation;
    if (integers && precedence == Precedence::Relation && integers.getPredicate() == comparison.integers.begin()[1])
      return signedBinary(op, comparison.symbol, precedence);
    // A comparison inside a comparison is put in parentheses on either side.
    if ((floats && llvm::is_contained(comparison.floats, floats.getPredicate())) ||
        (integers && integers.getPredicate() == *comparison.integers.begin()))
      return {fmt::format("{} {} {}", at(op.getOperand(0), Precedence::Shift), comparison.symbol,
                          at(op.getOperand(1), Precedence::Shift)),
              precedence};
  }
  return {};
}

ExprText BodyText::integerOperation(Operation& op) {
  Type type = op.getResult(0).getType();
  // Wraps in the type's own width.
  auto wrapping = [&](ExprText text) { return isPromoted(type) ? castTo(type, text) : text; };
  // u16 times u16 would overflow int.
  auto widened = [&](std::string_view symbol, Precedence precedence) -> ExprText {
    if (!isPromoted(type)) return binary(op, symbol, precedence);
    prelude_.use(Snippet::U32);
    return castTo(type, {fmt::format("(u32){} {} {}", at(op.getOperand(0), Precedence::Unary), symbol,
                                     at(op.getOperand(1), Precedence::Unary)),
                         precedence});
  };
  // min and max of CUDA take int, unsigned, long long and unsigned long long.
  auto extreme = [&](std::string_view function, bool isSigned) -> ExprText {
    auto operand = [&](unsigned i) { return isSigned ? signedAt(op.getOperand(i)) : at(op.getOperand(i)); };
    auto promoted = [&](unsigned i) {
      return isPromoted(type) ? fmt::format("(int){}", isSigned ? operand(i) : at(op.getOperand(i), Precedence::Unary))
                              : operand(i);
    };
    ExprText text = {fmt::format("{}({}, {})", function, promoted(0), promoted(1))};
    return isSigned || isPromoted(type) ? castTo(type, text) : text;
  };
  auto isAllOnes = [&](Value value) {
    auto constant = value.getDefiningOp<arith::ConstantOp>();
    return constant && cast<IntegerAttr>(constant.getValue()).getValue().isAllOnes();
  };

  return TypeSwitch<Operation*, ExprText>(&op)
      .Case<arith::AddIOp>([&](auto) { return wrapping(binary(op, "+", Precedence::Sum)); })
      .Case<arith::SubIOp>([&](auto) { return wrapping(binary(op, "-", Precedence::Sum)); })
      .Case<arith::MulIOp>([&](auto) { return widened("*", Precedence::Product); })
      .Case<arith::DivUIOp>([&](auto) { return wrapping(binary(op, "/", Precedence::Product)); })
      .Case<arith::RemUIOp>([&](auto) { return wrapping(binary(op, "%", Precedence::Product)); })
      .Case<arith::DivSIOp>([&](auto) { return castTo(type, signedBinary(op, "/", Precedence::Product)); })
      .Case<arith::RemSIOp>([&](auto) { return castTo(type, signedBinary(op, "%", Precedence::Product)); })
      .Case<arith::AndIOp>(
          [&](auto) { return isBool(type) ? binary(op, "&&", Precedence::And) : binary(op, "&", Precedence::BitAnd); })
      .Case<arith::OrIOp>(
          [&](auto) { return isBool(type) ? binary(op, "||", Precedence::Or) : binary(op, "|", Precedence::BitOr); })
      .Case<arith::XOrIOp>([&](auto) -> ExprText {
        if (isAllOnes(op.getOperand(1))) {
          if (isBool(type)) return {"!" + at(op.getOperand(0), Precedence::Unary), Precedence::Unary};
          return wrapping({"~" + at(op.getOperand(0), Precedence::Unary), Precedence::Unary});
        }
        return isBool(type) ? binary(op, "!=", Precedence::Equality) : binary(op, "^", Precedence::BitXor);
      })
      .Case<arith::ShLIOp>([&](auto) { return widened("<<", Precedence::Shift); })
      .Case<arith::ShRUIOp>([&](auto) { return binary(op, ">>", Precedence::Shift); })
      .Case<arith::ShRSIOp>([&](auto) {
        return castTo(type, {fmt::format("{} >> {}", signedAt(op.getOperand(0)),
                                         at(op.getOperand(1), tighter(Precedence::Shift))),
                             Precedence::Shift});
      })
      .Case<arith::MinSIOp>([&](auto) { return extreme("min", true); })
      .Case<arith::MaxSIOp>([&](auto) { return extreme("max", true); })
      .Case<arith::MinUIOp>([&](auto) { return extreme("min", false); })
      .Case<arith::MaxUIOp>([&](auto) { return extreme("max", false); })
      .Case<math::AbsIOp>([&](auto) {
        prelude_.use(Snippet::Magnitude);
        return ExprText{fmt::format("magnitude<{}>({})", valueType(type), at(op.getOperand(0)))};
      })
      .Case<math::IPowIOp>([&](auto) -> ExprText {
        prelude_.use(Snippet::Power);
        if (!isPromoted(type))
          return {fmt::format("power<{}>({}, {})", valueType(type), at(op.getOperand(0)), at(op.getOperand(1)))};
        prelude_.use(Snippet::U32);
        return castTo(type, {fmt::format("power<u32>({}, {})", at(op.getOperand(0)), at(op.getOperand(1)))});
      })
      .Default([&](Operation*) { return ExprText{}; });
}

ExprText BodyText::floatOperation(Operation& op) {
  Type type = op.getOperand(0).getType();
  if (isa<gems::pw::PowF32Op>(op)) {
    prelude_.use(Snippet::PowF32);
    return call("pow_f32", op);
  }
  if (auto approximate = dyn_cast<ApproximateOp>(op)) {
    if (std::optional<Snippet> snippet = instruction(approximate.getFunction())) prelude_.use(*snippet);
    return call(approximationName(approximate.getFunction()), op);
  }
  if (StringRef function = mathFunction(op); !function.empty())
    return call(type.isF32() ? function.str() + "f" : function.str(), op);
  auto extreme = [&](std::string_view function) {
    prelude_.use(type.isF32() ? Snippet::MinMaxF32 : Snippet::MinMaxF64);
    return call(function, op);
  };
  return TypeSwitch<Operation*, ExprText>(&op)
      .Case<arith::AddFOp>([&](auto) { return binary(op, "+", Precedence::Sum); })
      .Case<arith::SubFOp>([&](auto) { return binary(op, "-", Precedence::Sum); })
      .Case<arith::MulFOp>([&](auto) { return binary(op, "*", Precedence::Product); })
      .Case<arith::DivFOp>([&](auto) { return binary(op, "/", Precedence::Product); })
      .Case<arith::NegFOp>([&](auto) -> ExprText {
        // Two minus signs in a row would be a decrement.
        const std::string operand = at(op.getOperand(0), Precedence::Unary);
        return {operand.front() == '-' ? fmt::format("-({})", operand) : "-" + operand, Precedence::Unary};
      })
      .Case<arith::MinimumFOp>([&](auto) { return extreme("minimum"); })
      .Case<arith::MaximumFOp>([&](auto) { return extreme("maximum"); })
      .Case<math::IsNaNOp>([&](auto) { return call("isnan", op); })
      .Case<math::IsInfOp>([&](auto) { return call("isinf", op); })
      .Case<math::IsFiniteOp>([&](auto) { return call("isfinite", op); })
      .Default([&](Operation*) { return ExprText{}; });
}

ExprText BodyText::conversion(Operation& op) {
  Value from = op.getOperand(0);
  Type type = op.getResult(0).getType();
  auto signedThenCast = [&] {
    prelude_.use(signedType(from.getType()).snippet);
    return castTo(type, {signedAt(from), Precedence::Unary});
  };
  return TypeSwitch<Operation*, ExprText>(&op)
      .Case<arith::ExtUIOp, arith::UIToFPOp>([&](auto) { return castTo(type, texts_.at(from)); })
      .Case<arith::ExtSIOp>([&](auto) -> ExprText {
        if (isBool(from.getType())) return castTo(type, {"-" + at(from, Precedence::Unary), Precedence::Unary});
        return signedThenCast();
      })
      .Case<arith::SIToFPOp>([&](auto) { return signedThenCast(); })
      .Case<arith::TruncIOp>([&](auto) -> ExprText {
        if (isBool(type)) return {fmt::format("({} & 1) != 0", at(from, Precedence::BitAnd)), Precedence::Equality};
        return castTo(type, texts_.at(from));
      })
      .Case<arith::FPToSIOp>([&](auto) {
        prelude_.use(signedType(type).snippet);
        return castTo(type,
                      {fmt::format("({}){}", signedType(type).name, at(from, Precedence::Unary)), Precedence::Unary});
      })
      .Case<arith::FPToUIOp>([&](auto) { return castTo(type, texts_.at(from)); })
      .Case<arith::ExtFOp>([&](auto) -> ExprText {
        if (from.getType().isF32()) return castTo(type, texts_.at(from));
        if (isFloatAlready_.lookup(from)) return texts_.at(from);
        use_widening(prelude_, *narrowFloat(from.getType()));
        return call("to_f32", op);
      })
      .Case<arith::TruncFOp>([&](auto) -> ExprText {
        if (type.isF32()) return castTo(type, texts_.at(from));
        use_rounding(prelude_, *narrowFloat(type));
        return call(rounding_function(*narrowFloat(type)), op);
      })
      .Case<arith::BitcastOp>([&](auto) -> ExprText {
        Type source = from.getType();
        // As an unsigned integer, and from it; two floats of one size are both narrow.
        if (source.isF32()) return call("__float_as_uint", op);
        if (source.isF64()) return castTo(type, call("__double_as_longlong", op));
        if (type.isF32()) return call("__uint_as_float", op);
        if (type.isF64()) return {fmt::format("__longlong_as_double({})", signedAt(from))};
        ExprText bits = texts_.at(from);
        if (isNarrowFloat(source)) {
          bits = {at(from, Precedence::Primary) + ".bits"};
        } else if (!from.getDefiningOp<arith::TruncIOp>()) {
          bits = castTo(source, bits);
        }
        if (!isNarrowFloat(type)) return bits;
        useValueType(prelude_, type);
        return {fmt::format("{}{{{}}}", valueType(type), bits.text)};
      })
      .Default([&](Operation*) { return ExprText{}; });
}

ExprText BodyText::expression(Operation& op) {
  if (auto constantOp = dyn_cast<arith::ConstantOp>(op)) return constant(constantOp.getValue());
  if (isa<complex::ReOp>(op)) return {at(op.getOperand(0), Precedence::Primary) + ".re"};
  if (isa<complex::ImOp>(op)) return {at(op.getOperand(0), Precedence::Primary) + ".im"};
  if (isa<arith::SelectOp>(op))
    return {fmt::format("{} ? {} : {}", at(op.getOperand(0), Precedence::Or), at(op.getOperand(1), Precedence::Or),
                        at(op.getOperand(2), Precedence::Conditional)),
            Precedence::Conditional};
  for (auto kind :
       {&BodyText::compare, &BodyText::integerOperation, &BodyText::conversion, &BodyText::floatOperation}) {
    ExprText text = (this->*kind)(op);
    if (!text.text.empty()) return text;
  }
  throw Error(fmt::format("the CUDA emitter has no text for {}: it is not part of the final form",
                          op.getName().getStringRef().str()));
}

}  // namespace gems::cuda
