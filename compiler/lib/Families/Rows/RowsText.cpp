// The rows family: results contiguous along dimension 0, operands with any strides. A block covers a run of columns and
// a group of rows; blockDim says how its threads are split. The rows are those of all outer dimensions. A thread has
// `unroll` vectors of one row, blockDim.x vectors apart.
//
// Full vectors of contiguous or broadcast operands, which most are, have a fast path that issues all loads before any
// compute. Row ends, other strides and unaligned addresses share a loop over single vectors.
#include "Cuda/FamilyText.h"

namespace gems::cuda {
namespace {

class RowsText : FamilyText<RowsSchedule> {
 public:
  using FamilyText::FamilyText;

  void write() {
    kernel_.writeParameterStruct(out_);
    writeOffsetsFunction();
    kernel_.openKernel(out_, "const Geometry geometry", schedule_.threads);
    out_.line("unsigned tile;");
    out_.line("const unsigned row = divide(blockIdx.x, geometry.tiles, tile) * blockDim.y + threadIdx.y;");
    out_.line("const long long start = ((long long)tile * blockDim.x{} + threadIdx.x){};",
              schedule_.unroll > 1 ? fmt::format(" * {}", schedule_.unroll) : "",
              schedule_.width > 1 ? fmt::format(" * {}", schedule_.width) : "");
    // What waits for nothing else stands before the offsets, which may take divisions.
    if (schedule_.whole_path) out_.line("const bool {} = {};", schedule_.unroll > 1 ? "dense" : "whole", isWhole());
    out_.line("if (row >= geometry.rows) return;");
    out_.line("const Offsets offsets = offsets_of(row, geometry);");
    kernel_.writeSingleLoads(out_);
    if (schedule_.whole_path) schedule_.unroll > 1 ? writeWholeVectors() : writeWholeVector();
    writeAny();
    out_.close();
  }

 private:
  // Where a row begins in each tensor.
  void writeOffsetsFunction() {
    out_.line("// Where a row begins in each tensor.{}",
              kernel_.rank() > 2 ? " Only more than two dimensions cost divisions." : "");
    openOffsetsFunction("long long", "unsigned row");
    const std::string flat = offsets({"row"}, 1);
    if (kernel_.rank() == 2) {
      out_.line("return {};", flat);
    } else {
      out_.line("if (geometry.size1.divisor >= geometry.rows) return {};", flat);
      out_.line("unsigned at1, at2;");
      out_.line("const unsigned at3 = divide(divide(row, geometry.size1, at1), geometry.size2, at2);");
      out_.line("return {};", offsets({"at1", "at2", "at3"}, 1));
    }
    out_.close();
    out_.raw("\n");
  }

  // Whether operands are dense along a row, or one element for all of it (`dense`); with one vector a thread, also
  // whether all of it exists (`whole`).
  std::string isWhole() const {
    std::vector<std::string> conditions;
    if (schedule_.unroll == 1) conditions.push_back(fmt::format("start + {} <= geometry.columns", schedule_.width));
    for (const OperandText* operand : streamed_)
      conditions.push_back(fmt::format("(unsigned long long)geometry.{}_stride0 <= 1", operand->name));
    return conditions.empty() ? "true" : fmt::format("{}", fmt::join(conditions, " && "));
  }

  void writeWholeVector() {
    out_.open("if (whole) {{");
    for (const OperandText* operand : streamed_) {
      out_.line("{} {}_strided;", kernel_.stridedVecType(*operand), operand->name);
      writeLoad(*operand, "", "start");
    }
    writeVector("", "start", "", "");
    out_.line("return;");
    out_.close();
  }

  void writeWholeVectors() {
    out_.open("if (dense) {{");
    for (const OperandText* operand : streamed_)
      out_.line("{} {}_strided[{}];", kernel_.stridedVecType(*operand), operand->name, schedule_.unroll);
    auto eachWhole = [&](llvm::function_ref<void()> write) {
      openUnrolled(schedule_.unroll);
      writeColumn();
      out_.open("if (column + {} <= geometry.columns) {{", schedule_.width);
      write();
      out_.close();
      out_.close();
    };
    eachWhole([&] {
      for (const OperandText* operand : streamed_) writeLoad(*operand, "[u]", "column");
    });
    eachWhole([&] { writeVector("[u]", "column", "", ""); });
    out_.line("if (geometry.columns % {} == 0) return;", schedule_.width);
    out_.close();
  }

  void writeColumn() { out_.line("const long long column = start + u * (blockDim.x * {}ll);", schedule_.width); }

  void writeLoad(const OperandText& operand, std::string_view u, std::string_view column) {
    out_.line("{0}_strided{1}.load_whole({0} + (geometry.{0}_stride0 ? {2} : 0) + offsets.{0}, geometry.{0}_stride0);",
              operand.name, u, column);
  }

  // Any vectors, one after the other.
  void writeAny() {
    if (schedule_.unroll > 1) {
      out_.line("#pragma unroll 1");
      out_.open("for (int u = 0; u < {}; ++u) {{", schedule_.unroll);
      writeColumn();
      out_.line("if (dense && column + {} <= geometry.columns) continue;", schedule_.width);
      out_.line("const int first = 0;");
    } else if (kernel_.isAligned() || schedule_.width == 1) {
      out_.line("const long long column = start;");
      out_.line("const int first = 0;");
    } else {
      // The first result decides; others are mostly as it is.
      const ResultText& result = kernel_.results().front();
      const int size = static_cast<int>(size_bytes(result.storage));
      out_.line("// Each row begins so many columns early that vectors of {} are aligned.", result.name);
      out_.line("const int lead = (int)((unsigned long long)({0} + offsets.{0}) % {1}) / {2};", result.name,
                std::min(16, size * schedule_.width), size);
      out_.line("const long long column = start - lead;");
      out_.line("const int first = column < 0 ? lead : 0;");
    }
    out_.line("if (column >= geometry.columns) return;");
    out_.line("const int last = geometry.columns - column < {0} ? (int)(geometry.columns - column) : {0};",
              schedule_.width);
    for (const OperandText* operand : streamed_) {
      out_.line("{} {}_strided;", kernel_.stridedVecType(*operand), operand->name);
      out_.line(
          "{0}_strided.load({0} + column * geometry.{0}_stride0 + offsets.{0}, geometry.{0}_stride0, first, last);",
          operand->name);
    }
    writeVector("", "column", "first", "last");
    if (schedule_.unroll > 1) out_.close();
  }

  void writeVector(const std::string& u, std::string_view column, const std::string& first, const std::string& last) {
    for (const OperandText* operand : streamed_)
      out_.line("const {} {}_vec = {}_strided{}.vec();", kernel_.vectorType(operand->storage), operand->name,
                operand->name, u);
    kernel_.writeVector(
        out_, [](const OperandText& operand) { return fmt::format("{}_vec.get(k)", operand.name); },
        [&](const ResultText& result) { return fmt::format("{0} + {1} + offsets.{0}", result.name, column); }, first,
        last);
  }
};

}  // namespace

void write(const RowsSchedule& schedule, KernelText& kernel, TextWriter& out) {
  RowsText(schedule, kernel, out).write();
}

}  // namespace gems::cuda
