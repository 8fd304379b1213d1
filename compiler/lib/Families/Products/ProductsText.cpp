// The products family: the vectors of two bytes that a lane loads, of one row of each operand, are what the tensor
// cores take from it, if both operands have their elements in the same order. Lanes of a group of four have
// neighbouring vectors. What the warps of a block find is added up in shared memory.
#include "Cuda/RowText.h"
#include "gems/compiler/tuning.h"

using namespace mlir;

namespace gems::cuda {
namespace {

class ProductsText : public RowText {
 public:
  ProductsText(const ProductsSchedule& schedule, KernelText& kernel, TextWriter& out)
      : RowText(schedule.width, schedule.warps * static_cast<int>(tuning::WarpThreads), 0, kernel, out),
        schedule_(schedule) {}

  void write() override {
    planRow();
    kernel_.writeParameterStruct(out_);
    writeOffsetsFunction();
    kernel_.openKernel(out_, "const Geometry geometry", schedule_.warps * static_cast<int>(tuning::WarpThreads), 2);
    writeProducts();
    writeRows();
    out_.close();
  }

 protected:
  Form form() const override { return Form::OnePass; }
  std::string storesRow() const override { return "is_row"; }

 private:
  // One that the few rows are multiplied with, and the name of the sum of products with its rows.
  struct Matrix {
    const OperandText* operand;
    std::string sum;
  };
  SmallVector<Matrix> matrices() {
    SmallVector<Matrix> all;
    for (const Reduced& reduced : reducedInFirstSweep()) {
      const bool isFirst = reduced.operands[0] == elementOperands()[0];
      all.push_back({reduced.operands[isFirst ? 1 : 0], reduced.name});
    }
    return all;
  }

  void writeProducts() {
    const OperandText& x = *elementOperands()[0];
    const SmallVector<Matrix> all = matrices();
    SmallVector<const OperandText*> operands;
    for (const Matrix& matrix : all) operands.push_back(matrix.operand);
    operands.push_back(&x);
    kernel_.prelude().use(Snippet::Vec);
    kernel_.prelude().use(x.storage == DType::F16 ? Snippet::MultiplyF16 : Snippet::MultiplyBF16);
    const int vectors = schedule_.vectors;
    out_.line("const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;");
    out_.line("// Of a batch, the blocks of one pair of matrices follow each other.");
    out_.line("const unsigned blocks = (geometry.size1.divisor + {}) / {};", tuning::ProductRows - 1,
              tuning::ProductRows);
    out_.line("const unsigned at3 = blockIdx.x < blocks ? 0 : blockIdx.x / blocks;");
    out_.line("const unsigned first = (blockIdx.x - at3 * blocks) * {};", tuning::ProductRows);
    out_.line("// Behind the last row, the last one again; nothing is stored of it.");
    const auto writeRow = [&](const OperandText& operand, const std::string& number, int dim) {
      out_.line(
          "const {0}* {1}_row = {1} + min({2}, geometry.size{3}.divisor - 1) * geometry.{1}_stride{3} + "
          "at3 * geometry.{1}_stride3;",
          storage_type(operand.storage), operand.name, number, dim);
    };
    writeRow(x, "(unsigned)lane / 4", 2);
    for (const Matrix& matrix : all) writeRow(*matrix.operand, "first + lane / 4", 1);
    for (const Matrix& matrix : all) out_.line("float {}_own[2] = {{}};", matrix.operand->name);
    out_.open("for (long long start = 0; start < geometry.columns; start += warps * {}) {{",
              vectors * tuning::ProductStep);
    out_.line("const long long column = start + warp * {} + lane % 4 * {};", vectors * tuning::ProductStep, width_);
    for (const OperandText* operand : operands)
      out_.line("{} {}_vec[{}];", kernel_.vectorType(operand->storage), operand->name, vectors);
    out_.line("#pragma unroll");
    out_.open("for (int u = 0; u < {}; ++u) {{", vectors);
    for (const OperandText* operand : operands) {
      out_.line("{}_vec[u] = {{}};", operand->name);
      out_.line(
          "if (column + u * {} < geometry.columns) {}_vec[u] = {};", tuning::ProductStep, operand->name,
          kernel_.loadVector(*operand, fmt::format("{}_row + column + u * {}", operand->name, tuning::ProductStep)));
    }
    out_.close();
    for (const Matrix& matrix : all) {
      out_.line("#pragma unroll");
      out_.line("for (int u = 0; u < {0}; ++u) multiply_add({2}_own, {1}_vec[u], {2}_vec[u]);", vectors, x.name,
                matrix.operand->name);
    }
    out_.close();
    for (const Matrix& matrix : all)
      out_.line("__shared__ float {}_sums[{}][{}];", matrix.operand->name, schedule_.warps,
                tuning::ProductRows * tuning::ProductRows);
    for (const Matrix& matrix : all) {
      out_.line("#pragma unroll");
      out_.line("for (int i = 0; i < 2; ++i) {0}_sums[warp][lane * 2 + i] = {0}_own[i];", matrix.operand->name);
    }
    out_.line("__syncthreads();");
  }

  // A thread has a row, or two.
  void writeRows() {
    out_.open("for (unsigned i = threadIdx.x; i < {}; i += blockDim.x) {{", tuning::ProductRows * tuning::ProductRows);
    out_.line("const unsigned at1 = first + i % {0}, at2 = i / {0};", tuning::ProductRows);
    out_.line("const unsigned row = (at3 * geometry.size2.divisor + at2) * geometry.size1.divisor + at1;");
    out_.line("const bool is_row = at1 < geometry.size1.divisor && at2 < geometry.size2.divisor;");
    out_.line("const Offsets offsets = offsets_of(is_row ? row : 0, geometry);");
    out_.raw(stages()[0]);
    for (const Matrix& matrix : matrices()) {
      out_.line("float {} = 0;", matrix.sum);
      out_.line("for (int k = 0; k < warps; ++k) {} += {}_sums[k][i];", matrix.sum, matrix.operand->name);
    }
    out_.raw(stages()[1]);
    writeRowResults();
    out_.close();
  }

  const ProductsSchedule& schedule_;
};

}  // namespace

void write(const ProductsSchedule& schedule, KernelText& kernel, TextWriter& out) {
  ProductsText(schedule, kernel, out).write();
}

}  // namespace gems::cuda
