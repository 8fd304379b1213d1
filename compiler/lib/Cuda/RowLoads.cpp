// How the texts of rowwise kernels read elements: vectors of a row, whatever its strides. See RowText.h.
#include "Cuda/RowText.h"
#include "gems/compiler/tuning.h"

using namespace mlir;
using namespace gems::pw;

namespace gems::cuda {

SmallVector<const OperandText*> RowText::operandsOf(ArrayRef<BlockArgument> operands, Extent extent) const {
  SmallVector<const OperandText*> found;
  for (BlockArgument argument : operands)
    if (operandOf(argument).extent == extent) found.push_back(&operandOf(argument));
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

ArrayRef<int> RowText::groupSizes() const {
  static constexpr int sizes[] = {tuning::RowGroup};
  return sizes;
}

void RowText::openGroup(ArrayRef<BlockArgument> operands) { openFunction(operands); }

// Inlined twice: most groups ask of no element whether it exists.
void RowText::openFunction(ArrayRef<BlockArgument> operands, std::string_view aligned) {
  out_.open("const auto group{} = [&](long long column, const {} elements) {{", ++groups_, elementsType(aligned));
  writeGroupLoads(operands, aligned);
}

void RowText::writeGroupLoads(ArrayRef<BlockArgument> operands, std::string_view aligned) {
  writeLoads(
      elementOperands(operands), group_, "column",
      {.vector = fmt::format("elements.has(u * {})", width_), .rest = fmt::format("elements.rest(u * {})", width_)},
      aligned);
}

void RowText::writeWalk(int group, const std::string& from, const std::string& to, bool asks) {
  const int last = tuning::RowGroup - 1;
  out_.open("for (long long column = {}; column < {}; column += {} * step) {{", from, to, tuning::RowGroup);
  if (asks) {
    out_.line("group{}(column, {{(int)min({} - column, 1ll << 30), step}});", group, to);
  } else {
    out_.line("const long long left = {} - column;", to);
    out_.line("if (left >= {} * step + {})", last, width_);
    out_.line("  group{}(column, {{{} * step + {}, step, true}});", group, last, width_);
    out_.line("else");
    out_.line("  group{}(column, {{(int)left, step}});", group);
  }
  out_.close();
}

void RowText::writeWords(ArrayRef<const ResultText*> results) {
  kernel_.prelude().use(Snippet::BeforeVector);
  const auto before = [&](const std::string& name) {
    return fmt::format("before_vector<{0}>({1} + offsets.{1})", width_, name);
  };
  out_.line(
      "// Vectors that begin as words of memory do, from element `head` on, where all that is moved begins alike.");
  out_.line("const int head = {};", before(results.front()->name));
  SmallVector<std::string> alike;
  if (!isClustered()) alike.push_back("blockDim.x > 1");
  for (const OperandText* operand : elementOperands(last_.slice.operands))
    alike.push_back(before(operand->name) + " == head");
  for (const ResultText* result : results.drop_front()) alike.push_back(before(result->name) + " == head");
  out_.line("const bool is_alike = {};", alike.empty() ? "true" : fmt::format("{}", fmt::join(alike, " && ")));
  out_.line("const long long whole = is_alike ? head + (columns - head) / {0} * {0} : 0;", width_);
}

void RowText::writeWordsWalk() {
  writeWalk(groups_ - 1, "head + start", "whole", false);
  out_.line("// Elements of no such vector: at both ends, or all.");
  out_.line("const bool is_head = threadIdx.x == 0, is_tail = threadIdx.x == 1;");
  out_.line("const long long from = !is_alike ? start : is_head ? 0 : is_tail ? whole : columns;");
  out_.line("const long long to = is_alike && is_head ? min((long long)head, columns) : columns;");
  writeWalk(groups_, "from", "to", true);
}

void RowText::closeGroup() {
  out_.close("};");
  writeWalk(groups_, chunk_ > 0 ? "first + start" : "start", "columns", isGeneric());
}

std::string RowText::elementsType(std::string_view aligned) {
  kernel_.prelude().use(Snippet::Elements);
  return fmt::format("Elements<{}, {}>", width_, kernel_.alignment(aligned));
}

std::string RowText::offsetAlong(const std::string& tensor, const std::string& index) const {
  return isGeneric() ? fmt::format("column_of({}, geometry).{}", index, tensor)
                     : fmt::format("({}) * geometry.{}_stride0", index, tensor);
}

void RowText::writeLoads(ArrayRef<const OperandText*> operands, int count, const std::string& column,
                         const Existing& existing, std::string_view aligned) {
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
      out_.line("{} {}_strided[{}];", kernel_.stridedVecType(*operand, aligned), operand->name, count);
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
    out_.line("if (!elements.has(u * {} + k)) break;", width_);
    out_.line("const Column to = column_of({} + u * step + k, geometry);", column);
    for (const OperandText* operand : operands)
      out_.line("{0}_vec[u].put(k, {0}[offsets.{0} + to.{0}]);", operand->name);
    out_.close();
  } else if (kernel_.isAligned()) {
    for (const OperandText* operand : operands) {
      out_.line("{}_vec[u] = {{}};", operand->name);
      out_.line("if ({}) {}_vec[u] = {};", existing.vector, operand->name,
                kernel_.loadVector(*operand, element(*operand)));
    }
  } else {
    for (const OperandText* operand : operands) {
      out_.line("{}_strided[u].gathered = {{}};", operand->name);
      out_.line("if ({}) {}_strided[u].load({}, 1, 0, {});", existing.vector, operand->name, element(*operand),
                existing.rest);
    }
  }
  out_.close();
  if (isGeneric() || kernel_.isAligned()) return;
  out_.line("#pragma unroll");
  out_.open("for (int u = 0; u < {}; ++u) {{", count);
  for (const OperandText* operand : operands) out_.line("{0}_vec[u] = {0}_strided[u].vec();", operand->name);
  out_.close();
}

// Elements of neighbouring rows are neighbours in memory: a warp loads those of its rows at once.
void RowText::writeAcrossLoads(ArrayRef<const OperandText*> operands, int count, const std::string& column) {
  kernel_.prelude().use(Snippet::Vec);
  for (const OperandText* operand : operands)
    out_.line("{} {}_vec[{}];", kernel_.vectorType(operand->storage), operand->name, count);
  out_.line("#pragma unroll");
  out_.open("for (int u = 0; u < {}; ++u) {{", count);
  for (const OperandText* operand : operands) out_.line("{}_vec[u] = {{}};", operand->name);
  out_.line("#pragma unroll");
  out_.open("for (int k = 0; k < {}; ++k) {{", width_);
  for (const OperandText* operand : operands)
    out_.line("if (elements.has(u * {0} + k)) {1}_vec[u].put(k, {1}[offsets.{1} + {2}]);", width_, operand->name,
              offsetAlong(operand->name, column + " + u * step + k"));
  out_.close();
  out_.close();
  out_.line("asm volatile(\"\" ::: \"memory\");  // all are on their way before the first is used");
}

// Those of column extent: the rows of a grid share them, in the second-level cache.
void RowText::writeColumnVectors(const Visit& visit) {
  if (holdsColumns() || groupsColumns()) return;
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
      out_.line("if (elements.has(u * {0})) {1}_strided.load({1} + column + u * step, 1, 0, elements.rest(u * {0}));",
                width_, operand.name);
      out_.line("const {} {}_vec = {}_strided.vec();", type, operand.name, operand.name);
    }
  }
}

}  // namespace gems::cuda
