// The flat family: one dense dimension. Thread i has vector i; with several vectors a thread, they lie one block width
// apart, so that a warp always touches neighbouring addresses. The last block also has what is behind the last whole
// vector.
//
// Little stands before the loads, and what is rare behind the stores: a kernel of few elements takes as long as one
// thread.
#include <bit>

#include "Cuda/KernelText.h"

namespace gems::cuda {
namespace {

class FlatText {
 public:
  FlatText(KernelText& kernel, TextWriter& out)
      : kernel_(kernel),
        out_(out),
        width_(kernel.schedule().width),
        unroll_(kernel.schedule().unroll),
        threads_(kernel.schedule().threads),
        moving_(kernel.movingOperands()) {}

  void write() {
    kernel_.openKernel(out_, "const long long n");
    if (width_ > 1) out_.line("const long long vectors = n >> {};", std::countr_zero(static_cast<unsigned>(width_)));
    out_.line("const long long {} = blockIdx.x * {}ll + threadIdx.x;", unroll_ > 1 ? "first" : "i", threads_ * unroll_);
    kernel_.writeSingleLoads(out_);
    if (unroll_ > 1) {
      writeUnrolled();
    } else {
      out_.open("if ({}) {{", exists());
      for (const OperandText* operand : moving_)
        out_.line("const {} {}_vec = {};", kernel_.vectorType(operand->storage), operand->name, load(*operand));
      writeVector("");
      out_.close();
    }
    if (width_ > 1) writeRest();
    out_.close();
  }

 private:
  std::string_view exists() const { return width_ > 1 ? "i < vectors" : "i < n"; }
  std::string place(const std::string& tensor) const {
    return width_ > 1 ? fmt::format("{} + i * {}", tensor, width_) : tensor + " + i";
  }
  std::string load(const OperandText& operand) { return kernel_.loadVector(operand, place(operand.name)); }

  // All loads come first.
  void writeUnrolled() {
    for (const OperandText* operand : moving_)
      out_.line("{} {}_vec[{}];", kernel_.vectorType(operand->storage), operand->name, unroll_);
    if (!moving_.empty()) {
      openVectors();
      for (const OperandText* operand : moving_) out_.line("{}_vec[u] = {};", operand->name, load(*operand));
      closeVectors();
    }
    openVectors();
    writeVector("[u]");
    closeVectors();
  }

  void openVectors() {
    out_.line("#pragma unroll");
    out_.open("for (int u = 0; u < {}; ++u) {{", unroll_);
    out_.line("const long long i = first + u * {};", threads_);
    out_.open("if ({}) {{", exists());
  }
  void closeVectors() {
    out_.close();
    out_.close();
  }

  void writeVector(const std::string& u) {
    kernel_.writeVector(
        out_, [&](const OperandText& operand) { return fmt::format("{}_vec{}.get(k)", operand.name, u); },
        [&](const ResultText& result) { return place(result.name); });
  }

  void writeRest() {
    out_.line("// The last block has the elements behind the last whole vector.");
    out_.line("if (blockIdx.x + 1 < gridDim.x) return;");
    out_.line("const long long rest = vectors * {} + threadIdx.x;", width_);
    out_.open("if (rest < n) {{");
    kernel_.writeElement(
        out_, [&](const OperandText& operand) { return fmt::format("{}[rest]", operand.name); },
        [&](const ResultText& result, const std::string& value) {
          return fmt::format("{}[rest] = {}", result.name, value);
        });
    out_.close();
  }

  KernelText& kernel_;
  TextWriter& out_;
  const int width_, unroll_, threads_;
  const std::vector<const OperandText*> moving_;
};

}  // namespace

void writeFlat(KernelText& kernel, TextWriter& out) { FlatText(kernel, out).write(); }

}  // namespace gems::cuda
