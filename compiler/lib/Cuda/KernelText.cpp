// What the kernel families share.
#include "Cuda/KernelText.h"

#include <algorithm>
#include <bit>

#include "Cuda/BodyText.h"
#include "Cuda/Names.h"
#include "Families/Families.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"

using namespace mlir;
using namespace gems::pw;

namespace gems::cuda {
namespace {

// The f32 value behind a narrow result, when nothing else needs the rounded one.
Value floatBehind(Value yielded) {
  auto truncate = yielded.getDefiningOp<arith::TruncFOp>();
  if (!truncate || !isNarrowFloat(yielded.getType()) || !yielded.hasOneUse()) return {};
  return truncate.getIn();
}

// Generic kernels have no vectors.
constexpr auto vectorWidth = []<class S>(const S& schedule) {
  if constexpr (requires { schedule.width; })
    return schedule.width;
  else
    return 1;
};

}  // namespace

std::string OperandText::converted(const std::string& element) const {
  if (isTensor && is_bool(storage)) return element + " != 0";
  return passAsFloat ? fmt::format("to_f32({})", element) : element;
}

std::string ResultText::converted(const std::string& value) const {
  return roundsFloat ? fmt::format("{}({})", rounding_function(storage), value) : value;
}

KernelText::KernelText(KernelOp kernel, Prelude& prelude)
    : kernel_(kernel),
      prelude_(prelude),
      op_(kernel.getDefinition().str()),
      layout_(kernel.getLayoutAttr().getValue()),
      family_(family_of(kernel.getScheduleAttr().getValue())),
      width_(std::visit(vectorWidth, kernel.getScheduleAttr().getValue())) {
  name_ = fmt::format("{}_{}", kernel.getSymName().str(), gems::name(family_));
  Block& block = kernel.getBody().front();
  int next = 0;
  for (auto [argument, spec] : llvm::zip(block.getArguments(), kernel.getOperandSpecs().getAsRange<OperandAttr>())) {
    OperandText text;
    text.name = safeName(spec.getName().str());
    text.storage = spec.getStorage();
    text.isTensor = spec.getForm() == OperandForm::Tensor;
    text.isUsed = !argument.use_empty();
    text.passAsFloat = isNarrowFloat(argument.getType()) && text.isUsed &&
                       llvm::all_of(argument.getUsers(), [](Operation* user) { return isa<arith::ExtFOp>(user); });
    text.parameterType = text.passAsFloat ? "float" : std::string(valueType(argument.getType()));
    text.extent = text.isTensor ? spec.getExtent() : Extent::Call;
    if (text.isTensor) {
      text.step = layout_.step_of_operand(static_cast<size_t>(next));
      text.index = next++;
    }
    if (text.isUsed && !text.passAsFloat) useValueType(prelude_, argument.getType());
    if (text.passAsFloat) use_widening(prelude_, text.storage);
    use_storage_type(prelude_, text.storage);
    operands_.push_back(std::move(text));
  }
  for (auto [yielded, spec] :
       llvm::zip(kernel.getYield().getValues(), kernel.getResultSpecs().getAsRange<ResultAttr>())) {
    ResultText text;
    text.name = safeName(spec.getName().str());
    text.storage = spec.getStorage();
    text.roundsFloat = static_cast<bool>(floatBehind(yielded));
    text.valueType = text.roundsFloat ? "float" : std::string(valueType(yielded.getType()));
    text.step = traits(layout_.cls).written;
    text.extent = spec.getExtent();
    text.index = next++;
    if (!text.roundsFloat) useValueType(prelude_, yielded.getType());
    use_storage_type(prelude_, text.storage);
    results_.push_back(std::move(text));
  }
}

std::vector<const OperandText*> KernelText::streamedOperands() const {
  std::vector<const OperandText*> streamed;
  for (const OperandText& operand : operands_)
    if (operand.isTensor && operand.isUsed && !operand.isSingle()) streamed.push_back(&operand);
  return streamed;
}

void KernelText::writeElementFunction(TextWriter& out) {
  const bool isSingle = results_.size() == 1;
  if (!isSingle) {
    out.open("struct Results {{");
    for (const ResultText& result : results_) out.line("{} {};", result.valueType, result.name);
    out.close("};");
    out.raw("\n");
  }
  std::string parameters;
  for (const OperandText& operand : operands_)
    if (operand.isUsed)
      parameters += fmt::format("{}{} {}", parameters.empty() ? "" : ", ", operand.parameterType, operand.name);
  out.line("// One element.");
  out.open("__device__ __forceinline__ {} {}_element({}) {{", isSingle ? results_.front().valueType : "Results", op_,
           parameters);

  BodyText body(out, prelude_);
  Block& block = kernel_.getBody().front();
  for (auto [argument, operand] : llvm::zip(block.getArguments(), operands_))
    body.bind(argument, operand.name, operand.passAsFloat);
  body.write(block);

  if (!isSingle) out.line("Results values;");
  for (const ResultText& result : results_) {
    const std::string text = resultValue(body, result);
    if (isSingle) {
      out.line("return {};", text);
    } else {
      out.line("values.{} = {};", result.name, text);
    }
  }
  if (!isSingle) out.line("return values;");
  out.close();
  out.raw("\n");
}

ResultAttr KernelText::specOf(const ResultText& result) const {
  return KernelOp(kernel_).resultSpec(static_cast<unsigned>(&result - results_.data()));
}

Value KernelText::valueOf(const ResultText& result) const {
  Value yielded = KernelOp(kernel_).getYield().getValues()[static_cast<unsigned>(&result - results_.data())];
  return result.roundsFloat ? floatBehind(yielded) : yielded;
}

std::string KernelText::resultValue(BodyText& body, const ResultText& result) const {
  Value value = valueOf(result);
  auto create = value.getDefiningOp<complex::CreateOp>();
  if (!create) return body.at(value);
  return fmt::format("{}{{{}, {}}}", result.valueType, body.at(create.getReal()), body.at(create.getImaginary()));
}

std::string KernelText::declaration(const OperandText& operand) {
  if (operand.isTensor) return fmt::format("const {}* {}", storage_type(operand.storage), operand.name);
  return fmt::format("const {} {}", is_bool(operand.storage) ? "bool" : storage_type(operand.storage), operand.name);
}

std::string KernelText::declaration(const ResultText& result) {
  return fmt::format("{}* {}", storage_type(result.storage), result.name);
}

std::vector<std::string> KernelText::parameters() const {
  std::vector<std::string> parameters;
  const bool areListed = family_ == Family::List;
  for (const OperandText& operand : operands_)
    if (!operand.isTensor || !areListed) parameters.push_back(declaration(operand));
  if (areListed) return parameters;
  for (const ResultText& result : results_) parameters.push_back(declaration(result));
  return parameters;
}

std::vector<std::string> KernelText::parameterNames() const {
  std::vector<std::string> names;
  for (const OperandText& operand : operands_) names.push_back(operand.name);
  for (const ResultText& result : results_) names.push_back(result.name);
  return names;
}

void KernelText::openKernel(TextWriter& out, const std::string& last, int threads, int blocks,
                            std::string_view suffix) const {
  out.line("extern \"C\" __global__ void __launch_bounds__({}{})", threads,
           blocks > 1 ? fmt::format(", {}", blocks) : "");
  std::vector<std::string> all = parameters();
  all.push_back(last);
  out.open("{}{}({}) {{", name_, suffix, fmt::join(all, ", "));
}

std::string KernelText::fieldName(const GeometryField& field) const {
  using Kind = GeometryField::Kind;
  switch (field.kind) {
    case Kind::Tiles:
      return "tiles";
    case Kind::RowTiles:
      return "row_tiles";
    case Kind::Columns:
      return "columns";
    case Kind::Rows:
      return "rows";
    case Kind::Sums:
      return "sums";
    case Kind::Count:
      return "count";
    case Kind::Size:
      return fmt::format("size{}", field.dim);
    case Kind::Stride:
      break;
  }
  for (const OperandText& operand : operands_)
    if (operand.isTensor && operand.index == field.tensor) return fmt::format("{}_stride{}", operand.name, field.dim);
  for (const ResultText& result : results_)
    if (result.index == field.tensor) return fmt::format("{}_stride{}", result.name, field.dim);
  return {};
}

void KernelText::writeParameterStruct(TextWriter& out) {
  out.line("// Sizes and strides in elements; dimension 0 is the innermost.");
  out.open("struct Geometry {{");
  const Schedule schedule = kernel_.getScheduleAttr().getValue();
  const auto operands = static_cast<size_t>(llvm::count_if(operands_, [](const OperandText& o) { return o.isTensor; }));
  for (const GeometryField& field : kernel_family(family_).parameters(schedule, layout_, {operands, results_.size()})) {
    std::string_view type;
    switch (field.type) {
      case FieldType::Divisor:
        type = "Divisor";
        prelude_.use(Snippet::Divisor);
        break;
      case FieldType::Narrow:
        type = field.kind == GeometryField::Kind::Stride ? "int" : "unsigned";
        break;
      case FieldType::Wide:
        type = "long long";
        break;
    }
    out.line("{} {};", type, fieldName(field));
  }
  out.close("};");
  out.raw("\n");
}

std::string KernelText::elementCall(llvm::function_ref<std::string(const OperandText&)> raw) const {
  std::string arguments;
  for (const OperandText& operand : operands_) {
    if (!operand.isUsed) continue;
    arguments += arguments.empty() ? "" : ", ";
    if (operand.isTensor && operand.isSingle())
      arguments += operand.name + "_value";  // converted where it is loaded
    else
      arguments += operand.converted(operand.isTensor ? raw(operand) : operand.name);
  }
  return fmt::format("{}_element({})", op_, arguments);
}

void KernelText::writeSingleLoads(TextWriter& out) {
  for (const OperandText& operand : operands_)
    if (operand.isTensor && operand.isUsed && operand.isSingle())
      out.line("const {} {}_value = {};", operand.parameterType, operand.name, operand.converted("*" + operand.name));
}

void KernelText::writeElement(TextWriter& out, llvm::function_ref<std::string(const OperandText&)> raw,
                              llvm::function_ref<std::string(const ResultText&, const std::string&)> put,
                              bool takesFloat) {
  auto write = [&](const ResultText& result, const std::string& value) {
    const bool rounds = result.roundsFloat && !(takesFloat && result.isPacked());
    if (rounds) use_rounding(prelude_, result.storage);
    out.line("{};", put(result, rounds ? result.converted(value) : value));
  };
  if (results_.size() == 1) return write(results_.front(), elementCall(raw));
  out.line("const Results values = {};", elementCall(raw));
  for (const ResultText& result : results_) write(result, "values." + result.name);
}

std::string_view KernelText::accessWord(DType storage, int elements) const {
  static constexpr std::string_view words[] = {"unsigned char", "unsigned short", "unsigned", "uint2", "uint4"};
  return words[std::countr_zero(
      std::min(static_cast<unsigned>(size_bytes(storage)) * static_cast<unsigned>(elements), 16u))];
}

std::string KernelText::vectorType(DType storage) const {
  return fmt::format("Vec<{}, {}>", storage_type(storage), width_);
}

std::string KernelText::loadVector(const OperandText& operand, const std::string& address) {
  prelude_.use(Snippet::Load);
  return fmt::format("load<{}, {}>({})", vectorType(operand.storage), accessWord(operand.storage, width_), address);
}

std::string KernelText::stridedVecType(const OperandText& operand, std::string_view aligned) {
  prelude_.use(Snippet::StridedVec);
  // What is less than a word cannot be shifted in words: unaligned, it is read by the element.
  const bool isPart = static_cast<int>(size_bytes(operand.storage)) * width_ < 4;
  return fmt::format("StridedVec<{}, {}, {}, {}>", storage_type(operand.storage), width_,
                     accessWord(operand.storage, isPart && !isAligned() ? 1 : width_), alignment(aligned));
}

// A packed result is gathered as floats and converted two at a time.
void KernelText::declareResultVector(TextWriter& out, const ResultText& result) {
  prelude_.use(Snippet::Store);
  if (result.isPacked() && width_ > 1) {
    out.line("float {}_vec[{}];", result.name, width_);
  } else {
    out.line("{} {}_vec = {{}};", vectorType(result.storage), result.name);
  }
}

std::string KernelText::putElement(const ResultText& result, const std::string& value) const {
  if (result.isPacked() && width_ > 1) return fmt::format("{}_vec[k] = {}", result.name, value);
  return fmt::format("{}_vec.put(k, {})", result.name, value);
}

std::string KernelText::storedVector(const ResultText& result) {
  const std::string vector = result.name + "_vec";
  if (!result.isPacked() || width_ == 1) return vector;
  prelude_.use(result.storage == DType::F16 ? Snippet::PackF16 : Snippet::PackBF16);
  return fmt::format("{}({})", result.storage == DType::F16 ? "pack_f16" : "pack_bf16", vector);
}

void KernelText::storeVector(TextWriter& out, const ResultText& result, const std::string& address,
                             const std::string& first, const std::string& last, std::string_view aligned) {
  const std::string vector = storedVector(result);
  const std::string_view word = accessWord(result.storage, width_);
  if (last.empty()) {
    out.line("store<{}>({}, {});", word, address, vector);
  } else {
    prelude_.use(Snippet::StorePart);
    out.line("store_part<{}, {}>({}, {}, {}, {});", word, alignment(aligned), address, vector, first, last);
  }
}

void KernelText::writeVector(TextWriter& out, llvm::function_ref<std::string(const OperandText&)> vectorElement,
                             llvm::function_ref<std::string(const ResultText&)> address, const std::string& first,
                             const std::string& last) {
  for (const ResultText& result : results_) declareResultVector(out, result);
  out.line("#pragma unroll");
  out.open("for (int k = 0; k < {}; ++k) {{", width_);
  writeElement(
      out, vectorElement, [&](const ResultText& result, const std::string& value) { return putElement(result, value); },
      width_ > 1);
  out.close();
  for (const ResultText& result : results_) storeVector(out, result, address(result), first, last);
}

}  // namespace gems::cuda
