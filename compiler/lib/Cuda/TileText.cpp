// The tile family: as rows, but operands whose elements are neighbours along dimension 1 are read along it, and turned
// in shared memory. Which operands those are is seen from their strides, the same for all blocks.
#include "Cuda/KernelText.h"

namespace gems::cuda {

void writeTile(KernelText& kernel, TextWriter& out) {
  const Schedule& schedule = kernel.schedule();
  const int vectors = schedule.pack * schedule.unroll;
  auto isMoving = [&](const OperandText& operand) { return operand.isTensor && operand.isUsed && !operand.isSingle(); };
  auto eachMoving = [&](llvm::function_ref<void(const OperandText&)> write) {
    for (const OperandText& operand : kernel.operands())
      if (isMoving(operand)) write(operand);
  };
  auto moveToTile = [&](const auto& tensor) {
    out.line("{} += {};", tensor.name, kernel.offset(tensor, {"column", "row", "at2", "at3"}));
  };
  kernel.prelude().use(Snippet::Tile);

  kernel.writeParameterStruct(out);
  kernel.openKernel(out, "const Space space");
  out.line("// A block computes {} columns of {} rows; a thread has vectors of {} columns in {} of the rows.",
           schedule.columns(), schedule.rows(), schedule.width, vectors);
  out.line("using Shape = TileShape<{}, {}, {}, {}, {}>;", schedule.threads, schedule.lanes, schedule.width,
           schedule.pack, schedule.unroll);
  eachMoving([&](const OperandText& operand) {
    out.line("__shared__ Tile<{}, Shape> {}_tile;", storage_type(operand.storage), operand.name);
  });
  out.line("unsigned tile, row_tile, at2;");
  out.line("const unsigned outer = divide(divide(blockIdx.x, space.tiles, tile), space.row_tiles, row_tile);");
  out.line("const unsigned at3 = divide(outer, space.size2, at2);");
  out.line("const long long column = tile * {}ll, row = row_tile * {}ll;", schedule.columns(), schedule.rows());
  out.line("// What is left of the columns and rows, from here and at most one tile.");
  out.line("const int columns = space.columns - column < {0} ? (int)(space.columns - column) : {0};",
           schedule.columns());
  out.line("const int rows = space.rows - row < {0} ? (int)(space.rows - row) : {0};", schedule.rows());
  eachMoving(moveToTile);
  for (const ResultText& result : kernel.results()) moveToTile(result);

  eachMoving([&](const OperandText& operand) {
    out.line("{} {}_vec[{}];", kernel.vectorType(operand.storage), operand.name, vectors);
    out.line("const bool {0}_crosses = space.{0}_stride1 == 1 && space.{0}_stride0 > 1;", operand.name);
    out.line("if ({0}_crosses) fill_tile<uint4, {1}>({0}_tile, {0}, space.{0}_stride0, columns, rows);", operand.name,
             kernel.isAligned());
    out.line("else load_rows<Shape, {1}, {2}>({0}_vec, {0}, space.{0}_stride0, space.{0}_stride1, columns, rows);",
             operand.name, kernel.accessWord(operand.storage, schedule.width), kernel.isAligned());
  });
  kernel.writeSingleLoads(out);
  out.line("__syncthreads();");
  out.line("const int count = columns - Shape::column();");
  out.line("if (count <= 0) return;");
  eachMoving(
      [&](const OperandText& operand) { out.line("if ({0}_crosses) read_tile({0}_vec, {0}_tile);", operand.name); });

  out.line("#pragma unroll");
  out.open("for (int u = 0; u < {}; ++u) {{", vectors);
  out.line("const int r = Shape::row(u);");
  out.line("if (r >= rows) break;");
  kernel.writeVector(
      out, [](const OperandText& operand) { return fmt::format("{}_vec[u].get(k)", operand.name); },
      [](const ResultText& result) {
        return fmt::format("{0} + (r * space.{0}_stride1 + Shape::column())", result.name);
      },
      "0", "count");
  out.close();
  out.close();
}

}  // namespace gems::cuda
