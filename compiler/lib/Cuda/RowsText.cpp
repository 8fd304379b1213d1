// The rows family: results contiguous along dimension 0, operands with any strides. A block covers a run of columns and
// a group of rows; blockDim says how its threads are split. The rows are those of all outer dimensions.
//
// Most threads have whole vectors of operands that are dense or repeat one element: code of its own reads all their
// rows before it computes. Row ends, other strides and unaligned addresses share a loop over single rows.
#include "Cuda/KernelText.h"

namespace gems::cuda {
namespace {

class RowsText {
 public:
  RowsText(KernelText& kernel, TextWriter& out)
      : kernel_(kernel),
        out_(out),
        width_(kernel.schedule().width),
        unroll_(kernel.schedule().unroll),
        moving_(kernel.movingOperands()) {}

  void write() {
    kernel_.writeParameterStruct(out_);
    writePlaceFunction();
    kernel_.openKernel(out_, "const Space space");
    out_.line("unsigned tile;");
    out_.line("const unsigned row = divide(blockIdx.x, space.tiles, tile) * (blockDim.y * {}) + threadIdx.y;", unroll_);
    out_.line("const long long start = ((long long)tile * blockDim.x + threadIdx.x){};",
              width_ > 1 ? fmt::format(" * {}", width_) : "");
    kernel_.writeSingleLoads(out_);
    if (kernel_.isAligned()) writeWhole();
    writeAny();
    out_.close();
  }

 private:
  // Where a row begins in each tensor.
  void writePlaceFunction() {
    out_.line("// Where a row begins in each tensor.{}",
              kernel_.rank() > 2 ? " Only more than two dimensions cost divisions." : "");
    out_.open("struct Place {{");
    std::string flat, deep;
    auto add = [&](const auto& tensor) {
      out_.line("long long {};", tensor.name);
      const std::string comma = flat.empty() ? "" : ", ";
      flat += fmt::format("{}row * space.{}_stride1", comma, tensor.name);
      deep += fmt::format("{0}at1 * space.{1}_stride1 + at2 * space.{1}_stride2 + at3 * space.{1}_stride3", comma,
                          tensor.name);
    };
    for (const OperandText* operand : moving_) add(*operand);
    for (const ResultText& result : kernel_.results()) add(result);
    out_.close("};");
    out_.raw("\n");
    out_.open("__device__ __forceinline__ Place place_of(unsigned row, const Space& space) {{");
    if (kernel_.rank() == 2) {
      out_.line("return {{{}}};", flat);
    } else {
      out_.line("if (space.size1.divisor >= space.rows) return {{{}}};", flat);
      out_.line("unsigned at1, at2;");
      out_.line("const unsigned at3 = divide(divide(row, space.size1, at1), space.size2, at2);");
      out_.line("return {{{}}};", deep);
    }
    out_.close();
    out_.raw("\n");
  }

  // Whole vectors of `unroll` rows.
  void writeWhole() {
    std::string condition = fmt::format("start + {} <= space.columns", width_);
    for (const OperandText* operand : moving_)
      condition += fmt::format(" && (unsigned long long)space.{}_stride0 <= 1", operand->name);
    out_.open("if ({}) {{", condition);
    const std::string u = unroll_ > 1 ? "[u]" : "";
    if (unroll_ > 1) {
      for (const OperandText* operand : moving_)
        out_.line("{} {}_run[{}];", kernel_.runType(*operand), operand->name, unroll_);
      out_.line("Place at[{}];", unroll_);
      openRows();
      out_.line("at[u] = place_of(row + u * blockDim.y, space);");
    } else {
      out_.line("if (row >= space.rows) return;");
      for (const OperandText* operand : moving_) out_.line("{} {}_run;", kernel_.runType(*operand), operand->name);
      out_.line("const Place at = place_of(row, space);");
    }
    for (const OperandText* operand : moving_)
      out_.line("{0}_run{1}.load_whole({0} + (space.{0}_stride0 ? start : 0) + at{1}.{0}, space.{0}_stride0);",
                operand->name, u);
    if (unroll_ > 1) {
      out_.close();
      openRows();
    }
    writeVector(
        u, [&](const ResultText& result) { return fmt::format("{0} + start + at{1}.{0}", result.name, u); }, "", "");
    if (unroll_ > 1) out_.close();
    out_.line("return;");
    out_.close();
  }

  void openRows() {
    out_.line("#pragma unroll");
    out_.open("for (int u = 0; u < {}; ++u) {{", unroll_);
    out_.line("if (row + u * blockDim.y >= space.rows) break;");
  }

  // Any vectors, one row after the other.
  void writeAny() {
    if (unroll_ > 1) {
      out_.line("#pragma unroll 1");
      out_.open("for (unsigned u = 0; u < {}; ++u) {{", unroll_);
      out_.line("const unsigned r = row + u * blockDim.y;");
      out_.line("if (r >= space.rows) return;");
      out_.line("const Place at = place_of(r, space);");
    } else {
      out_.line("if (row >= space.rows) return;");
      out_.line("const Place at = place_of(row, space);");
    }
    if (kernel_.isAligned() || width_ == 1) {
      out_.line("const long long column = start;");
      out_.line("const int first = 0;");
    } else {
      // The first result decides; others are mostly as it is.
      const ResultText& result = kernel_.results().front();
      const int size = static_cast<int>(size_bytes(result.storage));
      out_.line("// Each row begins so many columns early that vectors of {} are aligned.", result.name);
      out_.line("const int lead = (int)((unsigned long long)({0} + at.{0}) % {1}) / {2};", result.name,
                std::min(16, size * width_), size);
      out_.line("const long long column = start - lead;");
      out_.line("const int first = column < 0 ? lead : 0;");
    }
    out_.line("if (column >= space.columns) {};", unroll_ > 1 ? "continue" : "return");
    out_.line("const int last = space.columns - column < {0} ? (int)(space.columns - column) : {0};", width_);
    for (const OperandText* operand : moving_) {
      out_.line("{} {}_run;", kernel_.runType(*operand), operand->name);
      out_.line("{0}_run.load({0} + column * space.{0}_stride0 + at.{0}, space.{0}_stride0, first, last);",
                operand->name);
    }
    writeVector(
        "", [&](const ResultText& result) { return fmt::format("{0} + column + at.{0}", result.name); }, "first",
        "last");
    if (unroll_ > 1) out_.close();
  }

  void writeVector(const std::string& u, llvm::function_ref<std::string(const ResultText&)> address,
                   const std::string& first, const std::string& last) {
    for (const OperandText* operand : moving_)
      out_.line("const {} {}_vec = {}_run{}.vec();", kernel_.vectorType(operand->storage), operand->name, operand->name,
                u);
    kernel_.writeVector(
        out_, [](const OperandText& operand) { return fmt::format("{}_vec.get(k)", operand.name); }, address, first,
        last);
  }

  KernelText& kernel_;
  TextWriter& out_;
  const int width_, unroll_;
  const std::vector<const OperandText*> moving_;
};

}  // namespace

void writeRows(KernelText& kernel, TextWriter& out) { RowsText(kernel, out).write(); }

}  // namespace gems::cuda
