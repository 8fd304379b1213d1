// The generic family: any strides. A thread takes `unroll` elements that lie far apart along the last dimension: their
// coordinates are found once, and neighbouring threads have neighbours along dimension 0.
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
  const int unroll = schedule.unroll, last = kernel.rank() - 1;
  const std::string index = isWide ? "long long" : "unsigned";
  const std::string offset = isWide ? "long long" : "int";

  const std::vector<const OperandText*> moving = kernel.movingOperands();

  llvm::SmallVector<std::string> coordinates;
  for (int dim = 0; dim <= last; ++dim) coordinates.push_back(fmt::format("at{}", dim));

  kernel.writeParameterStruct(out);
  kernel.openKernel(out, "const Space space");
  out.line("const {} i = {}blockIdx.x * {} + threadIdx.x;", index, isWide ? "(long long)" : "", schedule.threads);
  out.line("if (i >= space.count) return;");
  kernel.writeSingleLoads(out);
  if (last == 0) {
    out.line("const {} at0 = i;", index);
  } else {
    writeCoordinates(kernel, out);
  }
  auto writePlace = [&](const auto& tensor) {
    out.line("{0} += ({1})({2});", tensor.name, offset, kernel.offset(tensor, coordinates));
  };
  for (const OperandText* operand : moving) writePlace(*operand);
  for (const ResultText& result : kernel.results()) writePlace(result);
  for (const OperandText* operand : moving)
    out.line("{} {}_raw[{}];", storage_type(operand->storage), operand->name, unroll);

  out.line("#pragma unroll");
  out.open("for (int u = 0; u < {}; ++u) {{", unroll);
  out.line("// Behind the end the first element is read again, and not written.");
  out.line("const {0} step = at{1} + u * space.chunk < space.last ? u * space.chunk : 0;", index, last);
  for (const OperandText* operand : moving)
    out.line("{0}_raw[u] = {0}[({1})step * space.{0}_stride{2}];", operand->name, offset, last);
  out.close();

  out.line("#pragma unroll");
  out.open("for (int u = 0; u < {}; ++u) {{", unroll);
  out.open("if (at{} + u * space.chunk < space.last) {{", last);
  kernel.writeElement(
      out, [&](const OperandText& operand) { return fmt::format("{}_raw[u]", operand.name); },
      [&](const ResultText& result, const std::string& value) {
        return fmt::format("{0}[({1})(u * space.chunk) * space.{0}_stride{2}] = {3}", result.name, offset, last, value);
      });
  out.close();
  out.close();
  out.close();
}

}  // namespace gems::cuda
