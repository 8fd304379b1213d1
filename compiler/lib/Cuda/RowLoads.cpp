// How the texts of rowwise kernels read elements: vectors of a row, whatever its strides. See RowText.h.
#include "Cuda/RowText.h"
#include "gems/compiler/tuning.h"

using namespace mlir;
using namespace gems::pw;

namespace gems::cuda {

SmallVector<const OperandText*> RowText::elementOperands(ArrayRef<BlockArgument> operands) const {
  SmallVector<const OperandText*> found;
  for (BlockArgument argument : operands)
    if (operandOf(argument).extent == Extent::Element) found.push_back(&operandOf(argument));
  return found;
}

SmallVector<const OperandText*> RowText::readOperands(Extent extent) const {
  SmallVector<const OperandText*> found;
  for (const OperandText& operand : kernel_.operands()) {
    const auto number = static_cast<unsigned>(&operand - kernel_.operands().data());
    const auto isRead = [&](const Visit& visit) {
      return llvm::any_of(visit.slice.operands,
                          [&](BlockArgument argument) { return argument.getArgNumber() == number; });
    };
    if (operand.extent == extent && operand.isTensor && (llvm::any_of(sweeps_, isRead) || isRead(last_)))
      found.push_back(&operand);
  }
  return found;
}

SmallVector<const OperandText*> RowText::rowOperands() const {
  SmallVector<const OperandText*> found;
  for (const OperandText& operand : kernel_.operands())
    if (operand.isTensor && operand.isUsed && operand.extent == Extent::Row) found.push_back(&operand);
  return found;
}

void RowText::openGroup(ArrayRef<BlockArgument> operands) {
  out_.open("for (long long column = {}start; column < columns; column += {} * step) {{", chunk_ > 0 ? "first + " : "",
            tuning::RowGroup);
  out_.line("const int left = (int)min(columns - column, 1ll << 30);");
  out_.line("const {} elements = {{left, step}};", elementsType());
  writeLoads(elementOperands(operands), tuning::RowGroup, "column");
}

std::string RowText::elementsType() {
  kernel_.prelude().use(Snippet::Elements);
  return fmt::format("Elements<{}, {}>", width_, kernel_.isAligned());
}

std::string RowText::offsetAlong(const std::string& tensor, const std::string& index) const {
  return isGeneric() ? fmt::format("column_of({}, geometry).{}", index, tensor)
                     : fmt::format("({}) * geometry.{}_stride0", index, tensor);
}

void RowText::writeLoads(ArrayRef<const OperandText*> operands, int count, const std::string& column) {
  if (operands.empty()) return;
  if (isAcross()) return writeAcrossLoads(operands, count, column);
  const auto element = [&](const OperandText& operand) {
    return fmt::format("{0} + offsets.{0} + {1} + u * step", operand.name, column);
  };
  for (const OperandText* operand : operands) {
    kernel_.prelude().use(Snippet::Vec);
    out_.line("{} {}_vec[{}];", kernel_.vectorType(operand->storage), operand->name, count);
    if (isShifted(operand->storage)) {
      kernel_.prelude().use(Snippet::ShiftedRow);
      out_.line("load_shifted({0}_vec, {0} + offsets.{0}, (int)columns);", operand->name);
    } else if (!isGeneric() && !kernel_.isAligned()) {
      out_.line("{} {}_strided[{}];", kernel_.stridedVecType(*operand), operand->name, count);
    }
  }
  SmallVector<const OperandText*> others;
  for (const OperandText* operand : operands)
    if (!isShifted(operand->storage)) others.push_back(operand);
  if (others.empty()) return;
  operands = others;
  out_.line("#pragma unroll");
  out_.open("for (int u = 0; u < {}; ++u) {{", count);
  if (isGeneric()) {
    for (const OperandText* operand : operands) out_.line("{}_vec[u] = {{}};", operand->name);
    out_.line("#pragma unroll");
    out_.open("for (int k = 0; k < {}; ++k) {{", width_);
    out_.line("if (u * step + k >= left) break;");
    out_.line("const Column to = column_of({} + u * step + k, geometry);", column);
    for (const OperandText* operand : operands)
      out_.line("{0}_vec[u].put(k, {0}[offsets.{0} + to.{0}]);", operand->name);
    out_.close();
  } else if (kernel_.isAligned()) {
    for (const OperandText* operand : operands) {
      out_.line("{}_vec[u] = {{}};", operand->name);
      out_.line("if (u * step < left) {}_vec[u] = {};", operand->name, kernel_.loadVector(*operand, element(*operand)));
    }
  } else {
    for (const OperandText* operand : operands) {
      out_.line("{}_strided[u].gathered = {{}};", operand->name);
      out_.line("if (u * step < left) {}_strided[u].load({}, 1, 0, left - u * step);", operand->name,
                element(*operand));
    }
  }
  out_.close();
  if (isGeneric() || kernel_.isAligned()) return;
  out_.line("#pragma unroll");
  out_.open("for (int u = 0; u < {}; ++u) {{", count);
  for (const OperandText* operand : operands) out_.line("{0}_vec[u] = {0}_strided[u].vec();", operand->name);
  out_.close();
}

// All elements of the group, as most have; else one by one.
void RowText::writeAcrossLoads(ArrayRef<const OperandText*> operands, int count, const std::string& column) {
  kernel_.prelude().use(Snippet::LoadAcross);
  kernel_.prelude().use(Snippet::AcrossWords);
  for (const OperandText* operand : operands)
    out_.line("{} {}_vec[{}];", kernel_.vectorType(operand->storage), operand->name, count);
  const auto element = [&](const OperandText& operand, std::string_view k) {
    return fmt::format("{0} + offsets.{0} + ({1} + u * step{2}) * geometry.{0}_stride0", operand.name, column, k);
  };
  out_.open("if (left >= {} * step + {}) {{", count - 1, width_);
  out_.line("#pragma unroll");
  out_.open("for (int u = 0; u < {}; ++u) {{", count);
  for (const OperandText* operand : operands)
    out_.line("{0}_vec[u] = load_across({1}, geometry.{0}_stride0, {0}_words);", operand->name, element(*operand, ""));
  out_.close();
  out_.close();
  out_.open("else {{");
  out_.line("#pragma unroll");
  out_.open("for (int u = 0; u < {}; ++u) {{", count);
  for (const OperandText* operand : operands) {
    out_.line("{}_vec[u] = {{}};", operand->name);
    out_.line("#pragma unroll");
    out_.line("for (int k = 0; k < {}; ++k)", width_);
    out_.line("  if (u * step + k < left) {}_vec[u].put(k, *({}));", operand->name, element(*operand, " + k"));
  }
  out_.close();
  out_.close();
}

// Those of column extent: the rows of a grid share them, in the second-level cache.
void RowText::writeColumnVectors(const Visit& visit) {
  if (holdsColumns()) return;
  for (BlockArgument argument : visit.slice.operands) {
    const OperandText& operand = operandOf(argument);
    if (operand.extent != Extent::Column) continue;
    const std::string type = kernel_.vectorType(operand.storage);
    if (isScattered()) {
      kernel_.prelude().use(Snippet::Vec);
      out_.line("{} {}_vec = {{}};", type, operand.name);
      out_.line("#pragma unroll");
      out_.line("for (int k = 0; k < {0}; ++k)", width_);
      out_.line("  if (elements.has(u * {0} + k)) {1}_vec.put(k, {1}[{2}]);", width_, operand.name,
                offsetAlong(operand.name, "column + u * step + k"));
    } else if (kernel_.isAligned()) {
      out_.line("{} {}_vec = {{}};", type, operand.name);
      out_.line("if (elements.has(u * {})) {}_vec = {};", width_, operand.name,
                kernel_.loadVector(operand, operand.name + " + column + u * step"));
    } else {
      out_.line("{} {}_strided;", kernel_.stridedVecType(operand), operand.name);
      out_.line("{}_strided.gathered = {{}};", operand.name);
      out_.line("if (elements.has(u * {0})) {1}_strided.load({1} + column + u * step, 1, 0, elements.left - u * step);",
                width_, operand.name);
      out_.line("const {} {}_vec = {}_strided.vec();", type, operand.name, operand.name);
    }
  }
}

}  // namespace gems::cuda
