// The list family: one dense dimension of each of many tensors. A block finds the entry that its elements belong to by
// bisection of the entries' first blocks, and walks along a piece of fixed length, so that small tensors cost one block
// each. Addresses are parameters, not memory that would have to be filled before the launch and kept until its end.
#include "Cuda/FamilyText.h"
#include "gems/compiler/list_table.h"

namespace gems::cuda {
namespace {

class ListText : FamilyText<ListSchedule> {
 public:
  using FamilyText::FamilyText;

  void write() {
    writeStructs();
    kernel_.openKernel(out_, "const __grid_constant__ List list", schedule_.threads);
    writeSearch();
    kernel_.writeSingleLoads(out_);
    out_.line("// Vectors where all tensors begin at multiples of 16 bytes.");
    out_.line("const bool is_aligned = ({}) % 16 == 0;", addresses());
    out_.line("const int vectors = is_aligned ? n / {} : 0;", schedule_.width);
    out_.line("#pragma unroll 1");
    out_.open("for (int i = threadIdx.x; i < vectors; i += {}) {{", schedule_.threads);
    for (const OperandText* operand : streamed_)
      out_.line("const {} {}_vec = {};", kernel_.vectorType(operand->storage), operand->name,
                kernel_.loadVector(*operand, address(operand->name)));
    kernel_.writeVector(
        out_, [&](const OperandText& operand) { return fmt::format("{}_vec.get(k)", operand.name); },
        [&](const ResultText& result) { return address(result.name); });
    out_.close();
    writeRest();
    out_.close();
  }

 private:
  // ListTable fills List.
  void writeStructs() {
    out_.line("// Tensors that belong together, and how many elements each has.");
    out_.open("struct Entry {{");
    for (const OperandText& operand : kernel_.operands())
      if (operand.isTensor) out_.line("{};", KernelText::declaration(operand));
    for (const ResultText& result : kernel_.results()) out_.line("{};", KernelText::declaration(result));
    out_.line("long long count;");
    out_.close("};");
    out_.raw("\n");
    out_.line("// An entry has the blocks from its first up to the next entry's; entries that do not exist have none.");
    out_.open("struct List {{");
    out_.line("unsigned first_block[{}];", ListEntries);
    out_.line("Entry entries[{}];", ListEntries);
    out_.close("};");
    out_.raw("\n");
  }

  void writeSearch() {
    out_.line("int index = 0;  // the last entry that begins up to this block");
    out_.line("#pragma unroll");
    out_.open("for (int step = {}; step > 0; step /= 2) {{", ListEntries / 2);
    out_.line("if (list.first_block[index + step] <= blockIdx.x) index += step;");
    out_.close();
    out_.line("const long long start = (blockIdx.x - list.first_block[index]) * {}ll;", schedule_.elements());
    out_.line("const int n = min(list.entries[index].count - start, {}ll);", schedule_.elements());
    for (const OperandText& operand : kernel_.operands())
      if (operand.isTensor && operand.isUsed)
        out_.line("const {}* const {} = list.entries[index].{}{};", storage_type(operand.storage), operand.name,
                  operand.name, operand.isSingle() ? "" : " + start");
    for (const ResultText& result : kernel_.results())
      out_.line("{}* const {} = list.entries[index].{} + start;", storage_type(result.storage), result.name,
                result.name);
  }

  std::string addresses() const {
    std::string text;
    forEachStreamed([&](const auto& tensor) {
      text += fmt::format("{}(unsigned long long){}", text.empty() ? "" : " | ", tensor.name);
    });
    return text;
  }
  std::string address(const std::string& tensor) const {
    return schedule_.width > 1 ? fmt::format("{} + i * {}", tensor, schedule_.width) : tensor + " + i";
  }

  void writeRest() {
    out_.line("// Behind the last whole vector, or all.");
    out_.line("#pragma unroll 1");
    out_.open("for (int rest = vectors * {} + threadIdx.x; rest < n; rest += {}) {{", schedule_.width,
              schedule_.threads);
    kernel_.writeElement(
        out_, [&](const OperandText& operand) { return fmt::format("{}[rest]", operand.name); },
        [&](const ResultText& result, const std::string& value) {
          return fmt::format("{}[rest] = {}", result.name, value);
        });
    out_.close();
  }
};

}  // namespace

void write(const ListSchedule& schedule, KernelText& kernel, TextWriter& out) {
  ListText(schedule, kernel, out).write();
}

}  // namespace gems::cuda
