// The tile family: as rows, but operands whose elements are neighbours along dimension 1 are read along it, and turned
// in shared memory. Which operands those are is seen from their strides, the same for all blocks: a whole tile of which
// one operand crosses has code of its own, in which no load waits for a decision; all others share the general one.
#include "Cuda/KernelText.h"

namespace gems::cuda {
namespace {

class TileText {
 public:
  TileText(KernelText& kernel, TextWriter& out) : kernel_(kernel), out_(out), schedule_(kernel.schedule()) {
    for (const OperandText& operand : kernel.operands())
      if (operand.isTensor && operand.isUsed && !operand.isSingle()) moving_.push_back(&operand);
  }

  void write() {
    kernel_.prelude().use(Snippet::Tile);
    kernel_.writeParameterStruct(out_);
    writeShape();
    writeBlock();
    kernel_.openKernel(out_, "const Space space");
    for (const OperandText* operand : moving_) out_.line("__shared__ {} {}_tile;", tileType(*operand), operand->name);
    writePlace();
    writeChoice();
    out_.close();
  }

 private:
  int vectors() const { return schedule_.pack * schedule_.unroll; }
  std::string tileType(const OperandText& operand) const {
    return fmt::format("Tile<{}, Shape>", storage_type(operand.storage));
  }

  void writeShape() {
    out_.line("// A block computes {} columns of {} rows; a thread has vectors of {} columns in {} of the rows.",
              schedule_.columns(), schedule_.rows(), schedule_.width, vectors());
    out_.line("using Shape = TileShape<{}, {}, {}, {}, {}>;", schedule_.threads, schedule_.lanes, schedule_.width,
              schedule_.pack, schedule_.unroll);
    out_.line("");
  }

  // The function that computes one tile.
  void writeBlock() {
    std::vector<std::string> parameters = kernel_.parameters();
    parameters.push_back("const Space& space");
    for (const OperandText* operand : moving_)
      parameters.push_back(fmt::format("{}& {}_tile", tileType(*operand), operand->name));
    parameters.push_back("const int columns");
    parameters.push_back("const int rows");
    for (const OperandText* operand : moving_)
      parameters.push_back(fmt::format("const bool {}_crosses", operand->name));
    out_.line(
        "// One tile. Whole: all its columns and rows exist, and what does not cross has neighbours along a row.");
    out_.line("template <bool Whole>");
    out_.open("__device__ __forceinline__ void {}_block({}) {{", kernel_.name(), fmt::join(parameters, ", "));
    for (const OperandText* operand : moving_) {
      out_.line("{} {}_vec[{}];", kernel_.vectorType(operand->storage), operand->name, vectors());
      out_.line("if ({0}_crosses) fill_tile<Whole, uint4, {1}>({0}_tile, {0}, space.{0}_stride0, columns, rows);",
                operand->name, kernel_.isAligned());
      out_.line(
          "else load_rows<Whole, Shape, {1}, {2}>({0}_vec, {0}, space.{0}_stride0, space.{0}_stride1, columns, rows);",
          operand->name, kernel_.accessWord(operand->storage, schedule_.width), kernel_.isAligned());
    }
    kernel_.writeSingleLoads(out_);
    out_.line("__syncthreads();");
    out_.line("const int count = Whole ? {} : columns - Shape::column();", schedule_.width);
    out_.line("if (count <= 0) return;");
    for (const OperandText* operand : moving_)
      out_.line("if ({0}_crosses) read_tile({0}_vec, {0}_tile);", operand->name);
    out_.line("#pragma unroll");
    out_.open("for (int u = 0; u < {}; ++u) {{", vectors());
    out_.line("const int r = Shape::row(u);");
    out_.line("if (!Whole && r >= rows) break;");
    kernel_.writeVector(
        out_, [](const OperandText& operand) { return fmt::format("{}_vec[u].get(k)", operand.name); },
        [](const ResultText& result) {
          return fmt::format("{0} + (r * space.{0}_stride1 + Shape::column())", result.name);
        },
        "0", "count");
    out_.close();
    out_.close();
    out_.line("");
  }

  // Where this block's tile begins, and how much of it there is.
  void writePlace() {
    out_.line("unsigned tile, row_tile, at2;");
    out_.line("const unsigned outer = divide(divide(blockIdx.x, space.tiles, tile), space.row_tiles, row_tile);");
    out_.line("const unsigned at3 = divide(outer, space.size2, at2);");
    out_.line("const long long column = tile * {}ll, row = row_tile * {}ll;", schedule_.columns(), schedule_.rows());
    out_.line("// What is left of the columns and rows, from here and at most one tile.");
    out_.line("const int columns = space.columns - column < {0} ? (int)(space.columns - column) : {0};",
              schedule_.columns());
    out_.line("const int rows = space.rows - row < {0} ? (int)(space.rows - row) : {0};", schedule_.rows());
    auto moveToTile = [&](const auto& tensor) {
      out_.line("{} += {};", tensor.name, kernel_.offset(tensor, {"column", "row", "at2", "at3"}));
    };
    for (const OperandText* operand : moving_) moveToTile(*operand);
    for (const ResultText& result : kernel_.results()) moveToTile(result);
  }

  void writeChoice() {
    for (const OperandText* operand : moving_)
      out_.line("const bool {0}_crosses = space.{0}_stride1 == 1 && space.{0}_stride0 > 1;", operand->name);
    const bool hasWhole = kernel_.isAligned() && !moving_.empty();  // an op may read nothing, as isnan of integers
    if (hasWhole) {
      out_.line("const bool whole = columns == {} && rows == {};", schedule_.columns(), schedule_.rows());
      for (const OperandText* crossing : moving_) writeWhole(*crossing);
    }
    std::vector<std::string> flags;
    for (const OperandText* operand : moving_) flags.push_back(operand->name + "_crosses");
    writeCall(hasWhole ? "else " : "", false, "columns", "rows", flags);
  }

  // The call for whole tiles in which only this operand crosses.
  void writeWhole(const OperandText& crossing) {
    std::string condition = "whole && " + crossing.name + "_crosses";
    std::vector<std::string> flags;
    for (const OperandText* operand : moving_) {
      if (operand != &crossing) condition += fmt::format(" && space.{}_stride0 == 1", operand->name);
      flags.push_back(operand == &crossing ? "true" : "false");
    }
    writeCall(fmt::format("{}if ({}) ", &crossing == moving_.front() ? "" : "else ", condition), true,
              std::to_string(schedule_.columns()), std::to_string(schedule_.rows()), flags);
  }

  void writeCall(const std::string& before, bool whole, const std::string& columns, const std::string& rows,
                 const std::vector<std::string>& flags) {
    std::vector<std::string> arguments = kernel_.parameterNames();
    arguments.push_back("space");
    for (const OperandText* operand : moving_) arguments.push_back(operand->name + "_tile");
    arguments.push_back(columns);
    arguments.push_back(rows);
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    out_.line("{}{}_block<{}>({});", before, kernel_.name(), whole, fmt::join(arguments, ", "));
  }

  KernelText& kernel_;
  TextWriter& out_;
  const Schedule& schedule_;
  std::vector<const OperandText*> moving_;
};

}  // namespace

void writeTile(KernelText& kernel, TextWriter& out) { TileText(kernel, out).write(); }

}  // namespace gems::cuda
