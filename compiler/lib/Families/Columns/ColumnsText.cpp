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
};

}  // namespace

void write(const ColumnsSchedule& schedule, KernelText& kernel, TextWriter& out) {
  ColumnsText(schedule, kernel, out).write();
}

}  // namespace gems::cuda
