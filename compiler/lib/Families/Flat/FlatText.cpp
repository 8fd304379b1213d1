// The flat family: one dense dimension. Thread i has vector i; with several vectors a thread, they lie one block width
// apart, so that a warp always touches neighbouring addresses. The first threads also have what is behind the last
// whole vector: that is everything where a launch of few elements has a thread for each.
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
    if (schedule_.width > 1) out_.line("const long long vectors = {};", vectors());
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
  std::string vectors() const {
    const std::string whole = fmt::format("n >> {}", std::countr_zero(static_cast<unsigned>(schedule_.width)));
    return schedule_.few == 1 ? whole : fmt::format("gridDim.x * {}ll < n ? {} : 0", schedule_.threads, whole);
  }
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
    out_.line("// Behind the last whole vector{}.",
              schedule_.few == 1 ? "" : ", or all where each element has a thread");
    out_.line("const long long rest = vectors * {} + blockIdx.x * {}ll + threadIdx.x;", schedule_.width,
              schedule_.threads);
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
