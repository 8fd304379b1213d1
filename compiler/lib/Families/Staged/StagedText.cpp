// The staged family: a row comes through shared memory, from before the first sweep to the last visit, and while it is
// computed those that follow it are on their way. The blocks of a cluster have a row together.
#include "Cuda/RowText.h"
#include "gems/compiler/tuning.h"
#include "gems/dsl/error.h"

using namespace mlir;

namespace gems::cuda {
namespace {

class StagedText : public RowText {
 public:
  StagedText(const StagedSchedule& schedule, KernelText& kernel, TextWriter& out)
      : RowText(schedule.width, schedule.threads, 0, kernel, out, Axis::X, true), schedule_(schedule) {
    if (schedule.bytes == 0)
      throw Error(fmt::format("op '{}': layout 'row_staged' has no kernel of it (see is_staged); take 'row_looped'",
                              kernel.op()));
  }

 protected:
  Form form() const override { return Form::OnePass; }
  bool isClustered() const override { return true; }

  void writeStep() override {
    kernel_.prelude().use(Snippet::Cluster);
    out_.line(
        "const unsigned blocks = cluster_blocks(), cluster = blockIdx.x / blocks, clusters = gridDim.x / blocks;");
    out_.line("const int first_vector = cluster_rank() * blockDim.x + threadIdx.x, apart = blocks * blockDim.x;");
    out_.line("const int start = first_vector * {0}, step = apart * {0};", width_);
    out_.line("const int columns = (int)geometry.columns;");
  }

  void writeBeforeRows() override {
    kernel_.prelude().use(Snippet::StagedMemory);
    kernel_.prelude().use(Snippet::StagedRow);
    out_.line("// How many vectors a thread has of a row, and how many of them all threads have as a whole.");
    out_.line("// A row that begins within a vector of memory is in one more.");
    std::string within;
    for (const OperandText* operand : elementOperands()) {
      std::string places = fmt::format("(unsigned long long){}", operand->name);
      for (int dim = 1; dim < kernel_.rank(); ++dim)
        places += fmt::format(" | geometry.{}_stride{} * {}", operand->name, dim, size_bytes(operand->storage));
      within += fmt::format("{}({}) % {} != 0", within.empty() ? "" : " || ", places, vectorBytes(*operand));
    }
    out_.line("const bool begin_within = {};", width_ > 1 ? within : "false");
    out_.line("const int vectors = ((columns + (begin_within ? {} : {})) / {} + apart - 1) / apart;", 2 * width_ - 2,
              width_ - 1, width_);
    out_.line("const int whole_vectors = columns / step;");
    out_.line("constexpr int slots = {};", schedule_.slots);
    out_.line("// A warp has 33 vectors in each slot: those of its threads, and the one behind them.");
    out_.line("const int pitch = blockDim.x / 32 * 33, all_slots = slots * pitch;");
    out_.line("char* const staged = reinterpret_cast<char*>(staged_memory);");
    int before = 0;
    for (const OperandText* operand : elementOperands()) {
      const int size = vectorBytes(*operand);
      out_.line("char* const {}_slots = staged + all_slots * {} + (threadIdx.x / 32 * 33 + threadIdx.x % 32) * {};",
                operand->name, before, size);
      before += size;
    }
    for (const OperandText* operand : elementOperands()) out_.line("{} {}_ahead;", rowType(*operand), operand->name);
    out_.line("// The row that is asked for, how many vectors of it are left to ask for, and where the next one goes.");
    out_.line("unsigned ahead_row = cluster;");
    out_.line("int ahead_left = vectors, ahead_at = 0;");
    out_.open("const auto begin_row = [&] {{");
    out_.open("if (ahead_row < geometry.rows) {{");
    out_.line("const Offsets offsets = offsets_of(ahead_row, geometry);");
    for (const OperandText* operand : elementOperands())
      out_.line("{0}_ahead.begin({0} + offsets.{0}, columns, first_vector);", operand->name);
    out_.close();
    out_.open("else {{");
    for (const OperandText* operand : elementOperands()) out_.line("{}_ahead.end();", operand->name);
    out_.close();
    out_.close("};");
    out_.open("const auto ask = [&] {{");
    for (const OperandText* operand : elementOperands())
      out_.line("{0}_ahead.ask({0}_slots + ahead_at * {1}, apart);", operand->name, vectorBytes(*operand));
    out_.line("end_batch();");
    out_.line("ahead_at = ahead_at + pitch == all_slots ? 0 : ahead_at + pitch;");
    out_.line("if (--ahead_left > 0) return;");
    out_.line("ahead_left = vectors;");
    out_.line("ahead_row += clusters;");
    out_.line("begin_row();");
    out_.close("};");
    out_.line("begin_row();");
    out_.line("for (int i = 0; i < slots; ++i) ask();");
    writeExchanges();
    out_.line("// Where the next vector of this thread is.");
    out_.line("int at = 0;");
    out_.line("const auto next_at = [&] {{ at = at + pitch == all_slots ? 0 : at + pitch; }};");
    out_.line("unsigned turn = 0, phase = 0;");
  }

  void openRows() override { out_.open("for (unsigned row = cluster; row < geometry.rows; row += clusters) {{"); }
  void closeRows() override {
    out_.line("turn ^= 1;");
    out_.line("if (turn == 0) phase ^= 1;");
    out_.close();
  }

  void writeRow() override { out_.line("const Offsets offsets = offsets_of(row, geometry);"); }
  void writeColumns() override {}

  void writeStart() override {
    for (const OperandText* operand : elementOperands())
      out_.line("const int {0}_lead = (unsigned long long)({0} + offsets.{0}) % {1};", operand->name,
                vectorBytes(*operand));
    out_.line("const int row_at = at;");
    out_.line("await_batches(slots - vectors);");
    out_.line("__syncwarp();");
  }

  std::string storesRow() const override { return "first_vector == 0"; }

  // Groups of vectors that all threads have as a whole, as there are registers for, then what is left by the vector,
  // that no thread waits for another's.
  ArrayRef<int> groupSizes() const override {
    static constexpr int sizes[] = {tuning::RowGroup, 1}, ofTwo[] = {tuning::RowGroup / 2, 1}, ofMore[] = {1};
    const std::size_t operands = 2 * elementOperands().size() + readOperands(Extent::Column).size();
    return operands <= 3 ? ArrayRef<int>(sizes) : operands <= 4 ? ArrayRef<int>(ofTwo) : ArrayRef<int>(ofMore);
  }

  void writeGroupLoads(ArrayRef<BlockArgument> arguments, std::string_view aligned) override {
    const SmallVector<const OperandText*> operands = elementOperands(arguments);
    for (const OperandText* operand : operandsOf(arguments, Extent::Column)) {
      kernel_.prelude().use(Snippet::LoadAnywhere);
      out_.line("{} {}_vec[{}];", kernel_.vectorType(operand->storage), operand->name, group());
      out_.line("#pragma unroll");
      out_.line("for (int u = 0; u < {0}; ++u)", group());
      out_.line("  {0}_vec[u] = load_anywhere<{1}, {2}, {3}>({0} + column + u * step, elements.rest(u * {3}));",
                operand->name, kernel_.accessWord(operand->storage, width_), storage_type(operand->storage), width_);
    }
    for (const OperandText* operand : operands) {
      kernel_.prelude().use(Snippet::Vec);
      out_.line("{} {}_vec[{}];", kernel_.vectorType(operand->storage), operand->name, group());
    }
    if (operands.empty()) return;
    // All are on their way before any is shifted.
    const bool isShifted = aligned != "true" && width_ > 1;
    for (const OperandText* operand : operands)
      if (isShifted) out_.line("{} {}_next[{}];", kernel_.vectorType(operand->storage), operand->name, group());
    out_.open("{{");
    out_.line("int from = at;");
    out_.line("#pragma unroll");
    out_.open("for (int u = 0; u < {}; ++u) {{", group());
    for (const OperandText* operand : operands) {
      const int size = vectorBytes(*operand);
      const std::string load = kernel_.loadVector(*operand, fmt::format("{}_slots + from * {}", operand->name, size));
      const std::string next =
          kernel_.loadVector(*operand, fmt::format("{}_slots + from * {} + {}", operand->name, size, size));
      if (aligned == "true")
        out_.line("{0}_vec[u] = {0}_lead > 0 ? {1} : {2};", operand->name, next, load);
      else
        out_.line("{}_vec[u] = {};", operand->name, load);
      if (isShifted) out_.line("if ({0}_lead > 0) {0}_next[u] = {1};", operand->name, next);
    }
    out_.line("from = from + pitch == all_slots ? 0 : from + pitch;");
    out_.close();
    out_.close();
    if (!isShifted) return;
    kernel_.prelude().use(Snippet::ShiftedVec);
    for (const OperandText* operand : operands) {
      out_.open("if ({}_lead > 0) {{", operand->name);
      out_.line("#pragma unroll");
      out_.line("for (int u = 0; u < {1}; ++u) {0}_vec[u] = shifted_vec({0}_vec[u], {0}_next[u], {0}_lead);",
                operand->name, group());
      out_.close();
    }
  }

  bool groupsColumns() const override { return true; }

  void closeGroup() override {
    out_.close("};");
    if (group() > 1) return;
    openVisit();
    writeMany("whole_vectors", groups() - 1, "start");
    openSingles();
    out_.line("const int left = columns - column;");
    out_.line("if (left >= {}) group{}(column, {{0, step, true}});", width_, groups());
    if (width_ > 1) out_.line("else if (left > 0) group{}(column, {{left, step}});", groups());
    closeSingles();
  }

  void writeWordsWalk() override {
    // The last three: of many vectors of memory, of one, and what is in none.
    const int many = groups() - 2, one = groups() - 1, ends = groups();
    out_.line("// The ends are in no such vector; or all is.");
    openVisit();
    out_.line("if (is_alike && head > 0 && start == 0) group{}(0, {{columns, step}});", ends);
    writeMany("is_alike ? whole_vectors - (head > 0) : 0", many, "head + start");
    openSingles();
    out_.line("if (is_alike && head + column + {0} <= whole) group{1}(head + column, {{0, step, true}});", width_, one);
    out_.line("if (!is_alike || (whole < columns && column + {} > whole)) group{}(column, {{columns - column, step}});",
              width_, ends);
    closeSingles();
  }

 private:
  int vectorBytes(const OperandText& operand) const { return static_cast<int>(size_bytes(operand.storage)) * width_; }
  bool isLastVisit() const { return visit_ == static_cast<int>(stages().size()); }
  std::string rowType(const OperandText& operand) const {
    return fmt::format("StagedRow<{}, {}, {}>", storage_type(operand.storage), width_,
                       kernel_.accessWord(operand.storage, width_));
  }

  // The walk along the row of one visit: groups of many, then single ones. What the last visit is done with makes room.
  void openVisit() {
    ++visit_;
    if (visit_ > 1) out_.line("at = row_at;");
    out_.open("{{");
    out_.line("int vector = 0;");
  }
  void writeMany(const std::string& vectors, int group, const std::string& first) {
    const int size = groupSizes().front();
    if (size == 1) return;
    out_.line("const int many = {};", vectors);
    out_.open("for (; vector + {0} <= many; vector += {0}) {{", size);
    out_.line("group{}({} + vector * step, {{0, step, true}});", group, first);
    if (isLastVisit()) {
      out_.line("__syncwarp();");
      out_.line("for (int u = 0; u < {}; ++u) ask();", size);
    }
    out_.line("for (int u = 0; u < {}; ++u) next_at();", size);
    out_.close();
  }
  void openSingles() {
    out_.open("for (; vector < vectors; ++vector) {{");
    out_.line("const int column = start + vector * step;");
  }
  void closeSingles() {
    if (isLastVisit()) {
      out_.line("__syncwarp();");
      out_.line("ask();");
    }
    out_.line("next_at();");
    out_.close();
    out_.close();
  }

  const StagedSchedule& schedule_;
  int visit_ = 0;  // of the row, counted from 1
};

}  // namespace

void write(const StagedSchedule& schedule, KernelText& kernel, TextWriter& out) {
  StagedText(schedule, kernel, out).write();
}

}  // namespace gems::cuda
