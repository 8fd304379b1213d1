// The rows family: results contiguous along dimension 0, operands with any strides. A block covers a run of columns and
// a group of rows; blockDim says how its threads are split. The rows are those of all outer dimensions.
#include "Cuda/KernelText.h"

namespace gems::cuda {
namespace {

class RowsText {
 public:
  RowsText(KernelText& kernel, TextWriter& out)
      : kernel_(kernel), out_(out), width_(kernel.schedule().width), unroll_(kernel.schedule().unroll) {}

  void write() {
    kernel_.writeParameterStruct(out_);
    kernel_.openKernel(out_, "const Space space");
    out_.line("unsigned tile;");
    out_.line("const unsigned row = divide(blockIdx.x, space.tiles, tile) * (blockDim.y * {}) + threadIdx.y;", unroll_);
    out_.line("const long long start = ((long long)tile * blockDim.x + threadIdx.x){};",
              width_ > 1 ? fmt::format(" * {}", width_) : "");
    kernel_.writeSingleLoads(out_);

    if (llvm::any_of(kernel_.operands(), isMoving)) {
      for (const OperandText& operand : kernel_.operands())
        if (isMoving(operand)) out_.line("{} {}_run[{}];", kernel_.runType(operand), operand.name, unroll_);
      openRow();
      for (const OperandText& operand : kernel_.operands())
        if (isMoving(operand))
          out_.line("{0}_run[u].load({1}, space.{0}_stride0, first, last);", operand.name, addressOf(operand));
      out_.close();
    }

    openRow();
    for (const OperandText& operand : kernel_.operands())
      if (isMoving(operand))
        out_.line("const {} {}_vec = {}_run[u].vec();", kernel_.vectorType(operand.storage), operand.name,
                  operand.name);
    kernel_.writeVector(
        out_, [](const OperandText& operand) { return fmt::format("{}_vec.get(k)", operand.name); },
        [&](const ResultText& result) { return addressOf(result); }, "first", "last");
    out_.close();
    out_.close();
  }

 private:
  static bool isMoving(const OperandText& operand) { return operand.isTensor && operand.isUsed && !operand.isSingle(); }

  template <class Text>
  std::string addressOf(const Text& tensor) const {
    return kernel_.address(tensor, {"column", "at1", "at2", "at3"});
  }

  // The loop over a thread's rows, and where in memory its vector of row r is.
  void openRow() {
    out_.line("#pragma unroll");
    out_.open("for (int u = 0; u < {}; ++u) {{", unroll_);
    out_.line("const unsigned r = row + u * blockDim.y;");
    out_.line("if (r >= space.rows) break;");
    out_.line("unsigned at1, at2;");
    out_.line("const unsigned at3 = divide(divide(r, space.size1, at1), space.size2, at2);");
    if (kernel_.isAligned() || width_ == 1) {
      out_.line("const long long column = start;");
      out_.line("const int first = 0;");
    } else {
      // The first result decides; others are mostly as it is.
      const ResultText& result = kernel_.results().front();
      const int size = static_cast<int>(size_bytes(result.storage));
      out_.line("// Each row begins so many columns early that vectors of {} are aligned.", result.name);
      out_.line("const int lead = (unsigned long long)({}) % {} / {};",
                kernel_.address(result, {"0", "at1", "at2", "at3"}), std::min(16, size * width_), size);
      out_.line("const long long column = start - lead;");
      out_.line("const int first = column < 0 ? lead : 0;");
    }
    out_.line("if (column >= space.columns) continue;");
    out_.line("const int last = space.columns - column < {0} ? (int)(space.columns - column) : {0};", width_);
  }

  KernelText& kernel_;
  TextWriter& out_;
  const int width_, unroll_;
};

}  // namespace

void writeRows(KernelText& kernel, TextWriter& out) { RowsText(kernel, out).write(); }

}  // namespace gems::cuda
