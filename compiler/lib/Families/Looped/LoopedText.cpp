// The looped family: the threads of a row walk along it in each sweep, four vectors of a thread at a time.
#include <array>

#include "Cuda/RowText.h"
#include "gems/compiler/tuning.h"

using namespace mlir;

namespace gems::cuda {
namespace {

class LoopedText : public RowText {
 public:
  LoopedText(const LoopedSchedule& schedule, KernelText& kernel, TextWriter& out)
      : RowText(schedule.width, std::max(schedule.threads, schedule.block), schedule.chunk, kernel, out),
        schedule_(schedule) {}

 protected:
  int minBlocks() const override { return schedule_.min_blocks_per_sm; }

  // Rows that held kernels hold come here with other strides only, and are combined as they do.
  Form form() const override { return isGeneric() && schedule_.held > 0 ? Form::Either : Form::OnePass; }
  std::string twoPassesCondition() const override {
    const auto [width, held, ragged] = std::array{schedule_.width, schedule_.held, schedule_.ragged};
    if (held == ragged) return fmt::format("geometry.columns <= {}", held * width);
    return fmt::format("geometry.columns <= (geometry.columns % {} == 0 ? {} : {})", width, held * width,
                       ragged * width);
  }

 private:
  const LoopedSchedule& schedule_;
};

}  // namespace

void write(const LoopedSchedule& schedule, KernelText& kernel, TextWriter& out) {
  LoopedText(schedule, kernel, out).write();
}

}  // namespace gems::cuda
