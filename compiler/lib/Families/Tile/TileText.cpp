// The tile family: as rows, but operands whose elements are neighbours along dimension 1 are read along it, and turned
// in shared memory. Which operands those are is seen from their strides, the same for all blocks. Full tiles with one
// transposed operand have a branch-free path; all others share a general one.
#include "Cuda/FamilyText.h"

namespace gems::cuda {
namespace {

class TileText : FamilyText<TileSchedule> {
 public:
  using FamilyText::FamilyText;

  void write() {
    kernel_.prelude().use(Snippet::Tile);
    kernel_.writeParameterStruct(out_);
    writeShape();
    if (hasWhole()) writeWholeBlock();
    writeAnyBlock();
    kernel_.openKernel(out_, "const Geometry geometry", schedule_.threads, schedule_.min_blocks_per_sm);
    for (const OperandText* operand : streamed_) out_.line("__shared__ {} {}_tile;", tileType(*operand), operand->name);
    writePlace();
    writeChoice();
    out_.close();
  }

 private:
  // An op may read nothing, as isnan of integers.
  bool hasWhole() const { return schedule_.whole_path && !streamed_.empty(); }
  std::string tileType(const OperandText& operand) const {
    return fmt::format("Tile<{}, Shape>", storage_type(operand.storage));
  }

  void writeShape() {
    out_.line("// A block computes {} columns of {} rows; a thread has vectors of {} columns in {} of the rows.",
              schedule_.columns(), schedule_.rows(), schedule_.width, schedule_.vectors_per_thread());
    out_.line("using Shape = TileShape<{}, {}, {}, {}, {}>;", schedule_.threads, schedule_.threads_x, schedule_.width,
              schedule_.rows_packed, schedule_.unroll);
    out_.line("");
  }

  // A function that computes one tile; which operands cross the results is said by its last parameters.
  void openBlock(std::string_view kind, bool hasEdges) {
    std::vector<std::string> parameters = kernel_.parameters();
    parameters.push_back("const Geometry& geometry");
    for (const OperandText* operand : streamed_)
      parameters.push_back(fmt::format("{}& {}_tile", tileType(*operand), operand->name));
    if (hasEdges) parameters.insert(parameters.end(), {"const int columns", "const int rows"});
    for (const OperandText* operand : streamed_)
      parameters.push_back(fmt::format("const bool {}_crosses", operand->name));
    out_.open("__device__ __forceinline__ void {}_{}({}) {{", kernel_.name(), kind, fmt::join(parameters, ", "));
  }
  void declareVectors(int count) {
    for (const OperandText* operand : streamed_)
      out_.line("{} {}_vec[{}];", kernel_.vectorType(operand->storage), operand->name, count);
  }
  void writeVectors(const std::string& row, const std::string& first, const std::string& last) {
    kernel_.writeVector(
        out_, [](const OperandText& operand) { return fmt::format("{}_vec[u].get(k)", operand.name); },
        [&](const ResultText& result) {
          return fmt::format("{0} + ({1} * geometry.{0}_stride1 + Shape::column())", result.name, row);
        },
        first, last);
  }

  void writeWholeBlock() {
    out_.line("// A tile whose columns and rows all exist; what does not cross has neighbours along a row.");
    openBlock("whole", false);
    declareVectors(schedule_.vectors_per_thread());
    for (const OperandText* operand : streamed_) {
      out_.line("if ({0}_crosses) fill_tile<true, uint4, true>({0}_tile, {0}, geometry.{0}_stride0, {1}, {2});",
                operand->name, schedule_.columns(), schedule_.rows());
      out_.line("else load_rows<Shape, {1}>({0}_vec, {0}, geometry.{0}_stride1);", operand->name,
                kernel_.accessWord(operand->storage, schedule_.width));
    }
    kernel_.writeSingleLoads(out_);
    out_.line("__syncthreads();");
    for (const OperandText* operand : streamed_)
      out_.line("if ({0}_crosses) read_tile({0}_vec, {0}_tile, 0);", operand->name);
    openUnrolled(schedule_.vectors_per_thread());
    writeVectors("Shape::row(u)", "", "");
    out_.close();
    out_.close();
    out_.line("");
  }

  void writeAnyBlock() {
    const int count = schedule_.edge_vectors;
    out_.line("// Any tile, {} vectors of a thread at a time.", count);
    openBlock("any", true);
    for (const OperandText* operand : streamed_)
      out_.line("if ({0}_crosses) fill_tile<false, uint4, {1}>({0}_tile, {0}, geometry.{0}_stride0, columns, rows);",
                operand->name, kernel_.isAligned());
    kernel_.writeSingleLoads(out_);
    out_.line("__syncthreads();");
    out_.line("if (columns <= Shape::column()) return;");
    out_.line("#pragma unroll 1");
    out_.open("for (int begin = 0; begin < {}; begin += {}) {{", schedule_.vectors_per_thread(), count);
    declareVectors(count);
    for (const OperandText* operand : streamed_) {
      out_.line("if ({0}_crosses) read_tile({0}_vec, {0}_tile, begin);", operand->name);
      out_.line(
          "else load_any_rows<Shape, {1}, {2}>({0}_vec, {0}, geometry.{0}_stride0, geometry.{0}_stride1, columns, "
          "rows, "
          "begin);",
          operand->name, kernel_.accessWord(operand->storage, schedule_.width), kernel_.isAligned());
    }
    openUnrolled(count);
    out_.line("const int r = Shape::row(begin + u);");
    out_.line("if (r >= rows) return;");
    writeVectors("r", "0", "columns - Shape::column()");
    out_.close();
    out_.close();
    out_.close();
    out_.line("");
  }

  // Where this block's tile begins, and how much of it there is.
  void writePlace() {
    out_.line("unsigned tile, row_tile, at2;");
    out_.line("const unsigned outer = divide(divide(blockIdx.x, geometry.tiles, tile), geometry.row_tiles, row_tile);");
    out_.line("const unsigned at3 = divide(outer, geometry.size2, at2);");
    out_.line("const long long column = tile * {}ll, row = row_tile * {}ll;", schedule_.columns(), schedule_.rows());
    out_.line("// What is left of the columns and rows, from here and at most one tile.");
    out_.line("const int columns = geometry.columns - column < {0} ? (int)(geometry.columns - column) : {0};",
              schedule_.columns());
    out_.line("const int rows = geometry.rows - row < {0} ? (int)(geometry.rows - row) : {0};", schedule_.rows());
    forEachStreamed([&](const auto& tensor) {
      out_.line("{} += {};", tensor.name, kernel_.offset(tensor, {"column", "row", "at2", "at3"}));
    });
  }

  void writeChoice() {
    for (const OperandText* operand : streamed_)
      out_.line("const bool {0}_crosses = geometry.{0}_stride1 == 1 && geometry.{0}_stride0 > 1;", operand->name);
    if (hasWhole()) {
      out_.line("const bool whole = columns == {} && rows == {};", schedule_.columns(), schedule_.rows());
      for (const OperandText* crossing : streamed_) writeWholeCall(*crossing);
    }
    std::vector<std::string> last = {"columns", "rows"};
    for (const OperandText* operand : streamed_) last.push_back(operand->name + "_crosses");
    writeCall(hasWhole() ? "else " : "", "any", last);
  }

  // The call for whole tiles in which only this operand crosses.
  void writeWholeCall(const OperandText& crossing) {
    std::string condition = "whole && " + crossing.name + "_crosses";
    std::vector<std::string> flags;
    for (const OperandText* operand : streamed_) {
      if (operand != &crossing) condition += fmt::format(" && geometry.{}_stride0 == 1", operand->name);
      flags.push_back(operand == &crossing ? "true" : "false");
    }
    writeCall(fmt::format("{}if ({}) ", &crossing == streamed_.front() ? "" : "else ", condition), "whole", flags);
  }

  void writeCall(const std::string& before, std::string_view kind, const std::vector<std::string>& last) {
    std::vector<std::string> arguments = kernel_.parameterNames();
    arguments.push_back("geometry");
    for (const OperandText* operand : streamed_) arguments.push_back(operand->name + "_tile");
    arguments.insert(arguments.end(), last.begin(), last.end());
    out_.line("{}{}_{}({});", before, kernel_.name(), kind, fmt::join(arguments, ", "));
  }
};

}  // namespace

void write(const TileSchedule& schedule, KernelText& kernel, TextWriter& out) {
  TileText(schedule, kernel, out).write();
}

}  // namespace gems::cuda
