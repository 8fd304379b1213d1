// The columns family: a warp has neighbouring rows, so that what it loads at once is neighbouring memory; the threads
// of a row lie along y, and walk along it in each sweep.
#include "Cuda/RowText.h"
#include "gems/compiler/tuning.h"

using namespace mlir;

namespace gems::cuda {
namespace {

class ColumnsText : public RowText {
 public:
  ColumnsText(const ColumnsSchedule& schedule, KernelText& kernel, TextWriter& out)
      : RowText(schedule.width, schedule.threads * static_cast<int>(tuning::WarpThreads), schedule.chunk, kernel, out,
                Axis::Y) {}

 protected:
  Form form() const override { return Form::OnePass; }

  // Rows of a warp follow each other in memory unless they end in between.
  void writeStart() override {
    out_.line("const bool is_run = row - threadIdx.x + 31 < geometry.rows &&");
    out_.line("                    (geometry.size1.divisor >= geometry.rows || geometry.size1.divisor % 32 == 0);");
    for (const OperandText* operand : elementOperands())
      out_.line(
          "const bool {0}_words = is_run && geometry.{0}_stride1 == 1 && shares_words({0} + offsets.{0}, "
          "geometry.{0}_stride0);",
          operand->name);
  }
};

}  // namespace

void write(const ColumnsSchedule& schedule, KernelText& kernel, TextWriter& out) {
  ColumnsText(schedule, kernel, out).write();
}

}  // namespace gems::cuda
