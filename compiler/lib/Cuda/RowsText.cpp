// The rows family: rank 2 or 3, the innermost dimension contiguous or broadcast. A block covers a tile of columns and a
// group of rows; blockDim says how its threads are split. The rows of rank 3 are those of both outer dimensions.
#include "Cuda/KernelText.h"

namespace gems::cuda {
namespace {

// How an operand is read.
enum class Access {
  None,    // not read here: a number, a single element, unused
  Column,  // one vector for all rows of the thread
  Row,     // one element for each row
  Vector,  // one vector for each row
};

Access accessOf(const OperandText& operand, int rank) {
  if (!operand.isTensor || !operand.isUsed || operand.isSingle(rank)) return Access::None;
  bool movesWithRows = false;
  for (int dim = 1; dim < rank; ++dim)
    movesWithRows |= operand.layout.steps[static_cast<size_t>(dim)] != Step::Broadcast;
  if (operand.layout.steps[0] == Step::Broadcast) return Access::Row;
  return movesWithRows ? Access::Vector : Access::Column;
}

class RowsText {
 public:
  RowsText(KernelText& kernel, TextWriter& out) : kernel_(kernel), out_(out) {}

  void write() {
    const Schedule& schedule = kernel_.schedule();
    kernel_.writeParameterStruct(out_);
    kernel_.openKernel(out_, "const Space space");
    out_.line("unsigned tile;");
    out_.line("const unsigned group = divide(blockIdx.x, space.tiles, tile);");
    out_.line("const {} column = {};", index(),
              times(fmt::format("({}tile * blockDim.x + threadIdx.x)", wide() ? "(long long)" : ""), schedule.width));
    out_.line("const {} row = {}group * (blockDim.y * {}) + threadIdx.y;", index(), wide() ? "(long long)" : "",
              schedule.unroll);
    out_.line("if (column >= space.columns || row >= space.rows) return;");
    kernel_.writeSingleLoads(out_);
    if (schedule.width > 1) writePartial();
    writeWhole();
    out_.close();
  }

 private:
  bool wide() const { return kernel_.layout().wide_index; }
  std::string index() const { return wide() ? "long long" : "unsigned"; }
  static std::string times(const std::string& text, int factor) {
    return factor > 1 ? fmt::format("{} * {}", text, factor) : text;
  }

  // Declares what row r contributes to addresses.
  void writeRowCoordinates(const std::string& r) {
    if (kernel_.rank() == 2) return;
    if (wide()) {
      out_.line("const long long outer = {0} / space.size1, inner = {0} - outer * space.size1;", r);
    } else {
      out_.line("unsigned inner;");
      out_.line("const unsigned outer = divide({}, space.size1, inner);", r);
    }
  }

  // Offset of a row's first element.
  template <class Text>
  std::string rowOffset(const Text& tensor, const std::string& r) const {
    std::string sum;
    for (int dim = 1; dim < kernel_.rank(); ++dim) {
      if (tensor.layout.steps[static_cast<size_t>(dim)] == Step::Broadcast) continue;
      const std::string coordinate = kernel_.rank() == 2 ? r : dim == 1 ? "inner" : "outer";
      sum += fmt::format("{}{} * space.{}", sum.empty() ? "" : " + ", coordinate,
                         kernel_.fieldName({ParameterField::Kind::Stride, dim, tensor.index}));
    }
    return sum;
  }
  // Strides may be negative: 32-bit sums wrap and are then read as signed.
  std::string asOffset(const std::string& sum) const { return wide() ? sum : fmt::format("(int)({})", sum); }
  template <class Text>
  std::string vectorOffset(const Text& tensor, const std::string& r, const std::string& column) const {
    const std::string row = rowOffset(tensor, r);
    return asOffset(row.empty() ? column : row + " + " + column);
  }

  std::string elementOf(const OperandText& operand, const std::string& r, const std::string& column) const {
    switch (accessOf(operand, kernel_.rank())) {
      case Access::Column:
        return fmt::format("{}[{}]", operand.name, column);
      case Access::Row:
        return fmt::format("{}[{}]", operand.name, asOffset(rowOffset(operand, r)));
      default:
        return fmt::format("{}[{}]", operand.name, vectorOffset(operand, r, column));
    }
  }

  // The end of each row that is shorter than a vector, element by element.
  void writePartial() {
    const int width = kernel_.schedule().width, unroll = kernel_.schedule().unroll;
    out_.open("if (column + {} > space.columns) {{  // the last columns of a row, too few for a vector", width);
    out_.line("#pragma unroll 1");
    out_.open("for (int u = 0; u < {}; ++u) {{", unroll);
    out_.line("const {} r = row + u * blockDim.y;", index());
    out_.line("if (r >= space.rows) break;");
    writeRowCoordinates("r");
    out_.line("#pragma unroll 1");
    out_.open("for ({0} c = column; c < space.columns; ++c) {{", index());
    kernel_.writeElement(
        out_, [&](const OperandText& operand) { return elementOf(operand, "r", "c"); },
        [&](const ResultText& result) { return fmt::format("{}[{}]", result.name, vectorOffset(result, "r", "c")); },
        false);
    out_.close();
    out_.close();
    out_.line("return;");
    out_.close();
  }

  void writeWhole() {
    const int unroll = kernel_.schedule().unroll;
    for (const OperandText& operand : kernel_.operands()) {
      switch (accessOf(operand, kernel_.rank())) {
        case Access::None:
          break;
        case Access::Column:
          out_.line("const {} {}_vec = {};", kernel_.vectorType(operand.storage), operand.name,
                    kernel_.loadVector(operand, fmt::format("{} + column", operand.name)));
          break;
        case Access::Row:
          out_.line("{} {}_row[{}];", storage_type(operand.storage), operand.name, unroll);
          break;
        case Access::Vector:
          out_.line("{} {}_vec[{}];", kernel_.vectorType(operand.storage), operand.name, unroll);
          break;
      }
    }
    writeRowLoads();

    out_.line("#pragma unroll");
    out_.open("for (int u = 0; u < {}; ++u) {{", unroll);
    out_.line("const {} r = row + u * blockDim.y;", index());
    out_.line("if (r >= space.rows) break;");
    writeRowCoordinates("r");
    kernel_.writeVector(
        out_, [&](const OperandText& operand) { return loaded(operand); },
        [&](const ResultText& result) {
          return fmt::format("{} + {}", result.name, vectorOffset(result, "r", "column"));
        });
    out_.close();
  }

  // Everything that changes from row to row, for all rows of the thread.
  void writeRowLoads() {
    auto isPerRow = [&](const OperandText& operand) {
      const Access access = accessOf(operand, kernel_.rank());
      return access == Access::Row || access == Access::Vector;
    };
    if (llvm::none_of(kernel_.operands(), isPerRow)) return;
    out_.line("#pragma unroll");
    out_.open("for (int u = 0; u < {}; ++u) {{", kernel_.schedule().unroll);
    out_.line("// Behind the end the last row is read again, and not written.");
    out_.line("const {} r = row + u * blockDim.y < space.rows ? row + u * blockDim.y : space.rows - 1;", index());
    writeRowCoordinates("r");
    for (const OperandText& operand : kernel_.operands()) {
      if (!isPerRow(operand)) continue;
      if (accessOf(operand, kernel_.rank()) == Access::Row) {
        out_.line("{}_row[u] = {};", operand.name, elementOf(operand, "r", "column"));
      } else {
        out_.line(
            "{}_vec[u] = {};", operand.name,
            kernel_.loadVector(operand, fmt::format("{} + {}", operand.name, vectorOffset(operand, "r", "column"))));
      }
    }
    out_.close();
  }

  // The element that was loaded for vector element k of row u.
  std::string loaded(const OperandText& operand) const {
    switch (accessOf(operand, kernel_.rank())) {
      case Access::Column:
        return fmt::format("{}_vec.at[k]", operand.name);
      case Access::Row:
        return fmt::format("{}_row[u]", operand.name);
      default:
        return fmt::format("{}_vec[u].at[k]", operand.name);
    }
  }

  KernelText& kernel_;
  TextWriter& out_;
};

}  // namespace

void writeRows(KernelText& kernel, TextWriter& out) { RowsText(kernel, out).write(); }

}  // namespace gems::cuda
