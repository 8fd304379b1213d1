// What the texts of the families are written from, and the pieces that several of them have.
#pragma once

#include "Cuda/KernelText.h"

namespace gems::cuda {

template <class Schedule>
class FamilyText {
 public:
  FamilyText(const Schedule& schedule, KernelText& kernel, TextWriter& out)
      : kernel_(kernel), out_(out), schedule_(schedule), streamed_(kernel.streamedOperands()) {}

 protected:
  // Everything that has an address for each element: what is read, then the results.
  template <class F>
  void forEachStreamed(F f) const {
    for (const OperandText* operand : streamed_) f(*operand);
    for (const ResultText& result : kernel_.results()) f(result);
  }

  void openUnrolled(int count) {
    out_.line("#pragma unroll");
    out_.open("for (int u = 0; u < {}; ++u) {{", count);
  }

  // struct Offsets, an offset for each of them, and the function that finds it from `index`, up to its opening brace.
  void openOffsetsFunction(std::string_view offset, std::string_view index) {
    out_.open("struct Offsets {{");
    forEachStreamed([&](const auto& tensor) { out_.line("{} {};", offset, tensor.name); });
    out_.close("};");
    out_.raw("\n");
    out_.open("__device__ __forceinline__ Offsets offsets_of({}, const Geometry& geometry) {{", index);
  }

  // The Offsets: for each of them the sum of coordinate times stride, from a dimension on; cast when `type` is given.
  std::string offsets(llvm::ArrayRef<std::string> coordinates, int firstDim, std::string_view type = {}) const {
    std::vector<std::string> offsets;
    forEachStreamed([&](const auto& tensor) {
      const std::string offset = kernel_.offset(tensor, coordinates, firstDim);
      offsets.push_back(type.empty() ? offset : fmt::format("({})({})", type, offset));
    });
    return fmt::format("{{{}}}", fmt::join(offsets, ", "));
  }

  KernelText& kernel_;
  TextWriter& out_;
  const Schedule& schedule_;
  const std::vector<const OperandText*> streamed_;
};

}  // namespace gems::cuda
