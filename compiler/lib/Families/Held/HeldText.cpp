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

  bool holdsColumns() const override { return walksRows(); }

  // What the rows have in common, and the first row.
  void writeBeforeRows() override {
    for (const ResultText* sum : sums())
      out_.line("{} {}_sums[{}] = {{}};", sum->valueType, sum->name, schedule_.vectors * width_);
    for (const OperandText* operand : readOperands(Extent::Column)) writeHeldColumns(*operand);
    if (aheadOperands().empty() && rowOperands().empty()) return;
    for (const OperandText* operand : aheadOperands())
      out_.line("{} {}_next[{}];", kernel_.vectorType(operand->storage), operand->name, schedule_.vectors);
    for (const OperandText* operand : rowOperands())
      out_.line("{} {}_next;", storage_type(operand->storage), operand->name);
    out_.open("const auto load_row = [&](unsigned row) {{");
    writeRowFacts();
    for (const OperandText* operand : rowOperands()) out_.line("{0}_next = {0}[offsets.{0}];", operand->name);
    if (!aheadOperands().empty()) {
      out_.line("const long long columns = is_row ? geometry.columns : 0;");
      out_.line("const int left = (int)columns - start;");
      writeLoads(aheadOperands(), schedule_.vectors, "start", Held);
      writeCopies("next", "vec");
    }
    out_.close("};");
    out_.line("load_row(blockIdx.x * blockDim.y + threadIdx.y);");
  }

  void writeStart() override {
    out_.line("const int left = (int)columns - start;");
    if (!walksRows() || !schedule_.ahead) writeLoads(elementOperands(), schedule_.vectors, "start", Held);
    if (walksRows()) {
      for (const OperandText* operand : aheadOperands())
        out_.line("{} {}_vec[{}];", kernel_.vectorType(operand->storage), operand->name, schedule_.vectors);
      if (!aheadOperands().empty()) writeCopies("vec", "next");
      for (const OperandText* operand : rowOperands())
        out_.line("const {0} {1}_row = {1}_next;", storage_type(operand->storage), operand->name);
      if (!aheadOperands().empty() || !rowOperands().empty()) out_.line("load_row(row + gridDim.x * blockDim.y);");
    }
    if (isOneGroup()) writeGroup("left", "start");
  }

  void openGroup(ArrayRef<BlockArgument>) override {
    if (isOneGroup()) return out_.open("{{");
    out_.line("#pragma unroll");
    out_.open("for (int g = 0; g < {}; g += {}) {{", schedule_.vectors, tuning::RowGroup);
    writeGroup("left - g * step", "start + g * step");
  }

  void closeGroup() override { out_.close(); }

  std::string vector(const OperandText& operand) const override {
    return fmt::format("{}_vec[{}u]", operand.name, isOneGroup() ? "" : "g + ");
  }

  void openTerms(const ResultText&) override {}
  std::string takeTerm(const ResultText& result, const std::string& term) const override {
    const std::string sum = fmt::format("{}_sums[{} * {} + k]", result.name, isOneGroup() ? "u" : "(g + u)", width_);
    return isa<ComplexType>(kernel_.valueOf(result).getType())
               ? fmt::format("{0} = Sum<{1}>::combine({0}, {2});", sum, result.valueType, term)
               : fmt::format("{} += {};", sum, term);
  }
  void writeTerms(const ResultText&) override {}
  void writeSums() override {
    kernel_.prelude().use(Snippet::LeaveSums);
    out_.line("const Sums sums = sums_of(scratch, blockIdx.x, geometry);");
    for (const ResultText* sum : sums()) {
      out_.line("__shared__ {} {}_exchange[{}][32];", sum->valueType, sum->name, schedule_.vectors * width_);
      out_.line("leave_sums<{0}, {1}>(sums.{2}, {2}_sums, {2}_exchange, start, step, geometry.columns);", width_,
                sumsWord(*sum), sum->name);
    }
  }

 private:
  inline static const Existing Held{.vector = "u * step < left", .rest = "left - u * step"};

  // Whose vectors of the next row are loaded before this one is computed.
  llvm::SmallVector<const OperandText*> aheadOperands() const {
    return schedule_.ahead ? elementOperands() : llvm::SmallVector<const OperandText*>();
  }
  void writeHeldColumns(const OperandText& operand) {
    kernel_.prelude().use(Snippet::Vec);
    out_.line("{} {}_vec[{}];", kernel_.vectorType(operand.storage), operand.name, schedule_.vectors);
    out_.line("#pragma unroll");
    out_.open("for (int u = 0; u < {}; ++u) {{", schedule_.vectors);
    const std::string address = operand.name + " + start + u * step";
    if (kernel_.isAligned()) {
      out_.line("{}_vec[u] = {{}};", operand.name);
      out_.line("if (start + u * step < geometry.columns) {}_vec[u] = {};", operand.name,
                kernel_.loadVector(operand, address));
    } else {
      out_.line("{} strided;", kernel_.stridedVecType(operand));
      out_.line("strided.gathered = {{}};");
      out_.line("if (start + u * step < geometry.columns)");
      out_.line("  strided.load({}, 1, 0, (int)geometry.columns - start - u * step);", address);
      out_.line("{}_vec[u] = strided.vec();", operand.name);
    }
    out_.close();
  }
  void writeCopies(std::string_view to, std::string_view from) {
    out_.line("#pragma unroll");
    out_.open("for (int u = 0; u < {}; ++u) {{", schedule_.vectors);
    for (const OperandText* operand : aheadOperands()) out_.line("{0}_{1}[u] = {0}_{2}[u];", operand->name, to, from);
    out_.close();
  }
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
