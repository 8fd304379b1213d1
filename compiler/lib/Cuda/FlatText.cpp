// The flat family: one dense dimension. A block covers threads x unroll x width elements; vector u of a thread lies
// u x threads vectors behind its first, so that a warp always touches neighbouring addresses.
#include "Cuda/KernelText.h"

namespace gems::cuda {

void writeFlat(KernelText& kernel, TextWriter& out) {
  const Schedule& schedule = kernel.schedule();
  const int width = schedule.width, unroll = schedule.unroll, threads = schedule.threads;
  const int perBlock = threads * unroll * width;
  const std::string u = unroll > 1 ? "[u]" : "";
  // Offset of a thread's vector from the block's first element.
  const std::string vector = unroll > 1 ? fmt::format("u * {} + threadIdx.x", threads) : "threadIdx.x";
  const std::string offset = width == 1   ? vector
                             : unroll > 1 ? fmt::format("({}) * {}", vector, width)
                                          : fmt::format("{} * {}", vector, width);

  auto eachVector = [&](llvm::function_ref<void()> write) {
    if (unroll > 1) {
      out.line("#pragma unroll");
      out.open("for (int u = 0; u < {}; ++u) {{", unroll);
    }
    out.line("const int first = {};", offset);
    const std::string whole = width > 1 ? fmt::format("first + {} <= left", width) : "first < left";
    out.open("if ({}) {{", whole);
    write();
    out.close();
    if (unroll > 1) out.close();
  };
  const std::vector<const OperandText*> vectors = kernel.movingOperands();
  auto load = [&](const OperandText& operand) {
    return kernel.loadVector(operand, fmt::format("{} + start + first", operand.name));
  };

  kernel.openKernel(out, "const long long n");
  out.line("const long long start = blockIdx.x * {}ll;", perBlock);
  out.line("const int left = n - start < {0} ? (int)(n - start) : {0};", perBlock);
  kernel.writeSingleLoads(out);

  // With one vector a thread, loads and arithmetic share one test; otherwise all loads come first.
  if (unroll > 1) {
    for (const OperandText* operand : vectors)
      out.line("{} {}_vec[{}];", kernel.vectorType(operand->storage), operand->name, unroll);
    if (!vectors.empty())
      eachVector([&] {
        for (const OperandText* operand : vectors) out.line("{}_vec[u] = {};", operand->name, load(*operand));
      });
  }
  eachVector([&] {
    if (unroll == 1)
      for (const OperandText* operand : vectors)
        out.line("const {} {}_vec = {};", kernel.vectorType(operand->storage), operand->name, load(*operand));
    kernel.writeVector(
        out, [&](const OperandText& operand) { return fmt::format("{}_vec{}.get(k)", operand.name, u); },
        [&](const ResultText& result) { return fmt::format("{} + start + first", result.name); });
  });

  if (width > 1) {
    out.line("// Elements behind the last whole vector; only the last block has any.");
    out.line("const long long rest = start + left / {0} * {0} + threadIdx.x;", width);
    out.open("if (left < {} && rest < n) {{", perBlock);
    kernel.writeElement(
        out, [&](const OperandText& operand) { return fmt::format("{}[rest]", operand.name); },
        [&](const ResultText& result, const std::string& value) {
          return fmt::format("{}[rest] = {}", result.name, value);
        });
    out.close();
  }
  out.close();
}

}  // namespace gems::cuda
