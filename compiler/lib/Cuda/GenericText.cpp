// The generic family: a flat index over the elements, taken apart into coordinates; any strides. A thread takes
// `unroll` elements, one block width apart.
#include "Cuda/KernelText.h"

namespace gems::cuda {
namespace {

// at0, at1, ... from the flat index i.
void writeCoordinates(KernelText& kernel, TextWriter& out) {
  const bool isWide = kernel.layout().wide_index;
  const int last = kernel.rank() - 1;
  std::string left = "i";
  for (int dim = 0; dim < last; ++dim) {
    const std::string size = kernel.fieldName({ParameterField::Kind::Size, dim, 0});
    const std::string quotient = dim + 1 == last ? fmt::format("at{}", last) : fmt::format("left{}", dim + 1);
    if (isWide) {
      out.line("const long long {} = {} / space.{}, at{} = {} - {} * space.{};", quotient, left, size, dim, left,
               quotient, size);
    } else {
      out.line("unsigned at{};", dim);
      out.line("const unsigned {} = divide({}, space.{}, at{});", quotient, left, size, dim);
    }
    left = quotient;
  }
}

}  // namespace

void writeGeneric(KernelText& kernel, TextWriter& out) {
  const Schedule& schedule = kernel.schedule();
  const bool isWide = kernel.layout().wide_index;
  const int unroll = schedule.unroll, threads = schedule.threads;
  const std::string index = isWide ? "long long" : "unsigned";
  const std::string offset = isWide ? "long long" : "int";

  const std::vector<const OperandText*> moving = kernel.movingOperands();

  llvm::SmallVector<std::string> coordinates;
  for (int dim = 0; dim < kernel.rank(); ++dim) coordinates.push_back(fmt::format("at{}", dim));

  kernel.writeParameterStruct(out);
  kernel.openKernel(out, "const Space space");
  out.line("const {} first = {}blockIdx.x * {} + threadIdx.x;", index, isWide ? "(long long)" : "", threads * unroll);
  kernel.writeSingleLoads(out);
  for (const OperandText* operand : moving)
    out.line("{} {}_raw[{}];", storage_type(operand->storage), operand->name, unroll);
  for (const ResultText& result : kernel.results()) out.line("{} {}_at[{}];", offset, result.name, unroll);

  out.line("#pragma unroll");
  out.open("for (int u = 0; u < {}; ++u) {{", unroll);
  out.line("// Behind the end the last element is read again, and not written.");
  out.line("const {} i = first + u * {} < space.count ? first + u * {} : space.count - 1;", index, threads, threads);
  writeCoordinates(kernel, out);
  for (const OperandText* operand : moving)
    out.line("{0}_raw[u] = {0}[({1})({2})];", operand->name, offset, kernel.offset(*operand, coordinates));
  for (const ResultText& result : kernel.results())
    out.line("{}_at[u] = {};", result.name, kernel.offset(result, coordinates));
  out.close();

  out.line("#pragma unroll");
  out.open("for (int u = 0; u < {}; ++u) {{", unroll);
  out.open("if (first + u * {} < space.count) {{", threads);
  kernel.writeElement(
      out, [&](const OperandText& operand) { return fmt::format("{}_raw[u]", operand.name); },
      [&](const ResultText& result, const std::string& value) {
        return fmt::format("{0}[{0}_at[u]] = {1}", result.name, value);
      });
  out.close();
  out.close();
  out.close();
}

}  // namespace gems::cuda
