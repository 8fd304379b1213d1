// The held family: the threads of a row hold it in registers, as it is in memory, from before the first sweep to the
// last visit. Vectors of a thread lie a row's threads apart, so that a warp touches neighbouring addresses.
#include "Cuda/RowText.h"
#include "gems/compiler/tuning.h"

using namespace mlir;

namespace gems::cuda {
namespace {

class HeldText : public RowText {
 public:
  HeldText(const HeldSchedule& schedule, KernelText& kernel, TextWriter& out)
      : RowText(schedule.width, std::max(schedule.threads, schedule.block), 0, kernel, out), schedule_(schedule) {}

 protected:
  Form form() const override { return Form::TwoPasses; }

  bool isConvergent() const override { return true; }

  void writeStart() override {
    out_.line("const int left = (int)columns - start;");
    writeLoads(elementOperands(), schedule_.vectors, "start");
    if (isOneGroup()) writeGroup("left", "start");
  }

  void openGroup(ArrayRef<BlockArgument>) override {
    if (isOneGroup()) return out_.open("{{");
    out_.line("#pragma unroll");
    out_.open("for (int g = 0; g < {}; g += {}) {{", schedule_.vectors, tuning::RowGroup);
    writeGroup("left - g * step", "start + g * step");
  }

  std::string vector(const OperandText& operand) const override {
    return fmt::format("{}_vec[{}u]", operand.name, isOneGroup() ? "" : "g + ");
  }

 private:
  bool isOneGroup() const { return schedule_.vectors == tuning::RowGroup; }
  void writeGroup(std::string_view left, std::string_view column) {
    out_.line("const {} elements = {{{}, step}};", elementsType(), left);
    out_.line("const int column = {};", column);
  }

  const HeldSchedule& schedule_;
};

}  // namespace

void write(const HeldSchedule& schedule, KernelText& kernel, TextWriter& out) {
  HeldText(schedule, kernel, out).write();
}

}  // namespace gems::cuda
