// The flat family: one dense dimension. Thread i has vector i; with several vectors a thread, they lie one block width
// apart, so that a warp always touches neighbouring addresses. The last block also has what is behind the last whole
// vector.
//
// Little stands before the loads, and what is rare behind the stores: a kernel of few elements takes as long as one
// thread.
#include <bit>

#include "Cuda/FamilyText.h"

namespace gems::cuda {
namespace {

class FlatText : FamilyText<FlatSchedule> {
 public:
  using FamilyText::FamilyText;

  void write() {
    kernel_.openKernel(out_, "const long long n", schedule_.threads);
    if (schedule_.width > 1)
      out_.line("const long long vectors = n >> {};", std::countr_zero(static_cast<unsigned>(schedule_.width)));
    out_.line("const long long {} = blockIdx.x * {}ll + threadIdx.x;", schedule_.unroll > 1 ? "first" : "i",
              schedule_.threads * schedule_.unroll);
    kernel_.writeSingleLoads(out_);
    if (schedule_.unroll > 1) {
      writeUnrolled();
    } else {
      out_.open("if ({}) {{", exists());
      for (const OperandText* operand : streamed_)
        out_.line("const {} {}_vec = {};", kernel_.vectorType(operand->storage), operand->name, load(*operand));
      writeVector("");
      out_.close();
    }
    if (schedule_.width > 1) writeRest();
    out_.close();
  }

 private:
  std::string_view exists() const { return schedule_.width > 1 ? "i < vectors" : "i < n"; }
  std::string address(const std::string& tensor) const {
    return schedule_.width > 1 ? fmt::format("{} + i * {}", tensor, schedule_.width) : tensor + " + i";
  }
  std::string load(const OperandText& operand) { return kernel_.loadVector(operand, address(operand.name)); }

  // All loads come first.
  void writeUnrolled() {
    for (const OperandText* operand : streamed_)
      out_.line("{} {}_vec[{}];", kernel_.vectorType(operand->storage), operand->name, schedule_.unroll);
    if (!streamed_.empty()) {
      openVectors();
      for (const OperandText* operand : streamed_) out_.line("{}_vec[u] = {};", operand->name, load(*operand));
      closeVectors();
    }
    openVectors();
    writeVector("[u]");
    closeVectors();
  }

  void openVectors() {
    openUnrolled(schedule_.unroll);
    out_.line("const long long i = first + u * {};", schedule_.threads);
    out_.open("if ({}) {{", exists());
  }
  void closeVectors() {
    out_.close();
    out_.close();
  }

  void writeVector(const std::string& u) {
    kernel_.writeVector(
        out_, [&](const OperandText& operand) { return fmt::format("{}_vec{}.get(k)", operand.name, u); },
        [&](const ResultText& result) { return address(result.name); });
  }

  void writeRest() {
    out_.line("// The last block has the elements behind the last whole vector.");
    out_.line("if (blockIdx.x + 1 < gridDim.x) return;");
    out_.line("const long long rest = vectors * {} + threadIdx.x;", schedule_.width);
    out_.open("if (rest < n) {{");
    kernel_.writeElement(
        out_, [&](const OperandText& operand) { return fmt::format("{}[rest]", operand.name); },
        [&](const ResultText& result, const std::string& value) {
          return fmt::format("{}[rest] = {}", result.name, value);
        });
    out_.close();
  }
};

}  // namespace

void write(const FlatSchedule& schedule, KernelText& kernel, TextWriter& out) {
  FlatText(schedule, kernel, out).write();
}

}  // namespace gems::cuda
