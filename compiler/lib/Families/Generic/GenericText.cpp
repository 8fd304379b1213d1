// The generic family: a flat index over the elements, taken apart into coordinates; any strides. A thread takes
// `unroll` elements, one block width apart.
#include "Cuda/FamilyText.h"

namespace gems::cuda {
namespace {

class GenericText : FamilyText<GenericSchedule> {
 public:
  using FamilyText::FamilyText;

  void write() {
    kernel_.writeParameterStruct(out_);
    writeOffsetsFunction();
    kernel_.openKernel(out_, "const Geometry geometry", schedule_.threads);
    out_.line("const {} first = {}blockIdx.x * {} + threadIdx.x;", index(), isWide() ? "(long long)" : "",
              schedule_.threads * schedule_.unroll);
    kernel_.writeSingleLoads(out_);
    for (const OperandText* operand : streamed_)
      out_.line("{} {}_raw[{}];", storage_type(operand->storage), operand->name, schedule_.unroll);
    out_.line("Offsets offsets[{}];", schedule_.unroll);

    openUnrolled(schedule_.unroll);
    out_.line("// Behind the end the last element is read again, and not written.");
    out_.line(
        "offsets[u] = offsets_of(first + u * {0} < geometry.count ? first + u * {0} : geometry.count - 1, geometry);",
        schedule_.threads);
    for (const OperandText* operand : streamed_) out_.line("{0}_raw[u] = {0}[offsets[u].{0}];", operand->name);
    out_.close();

    openUnrolled(schedule_.unroll);
    out_.open("if (first + u * {} < geometry.count) {{", schedule_.threads);
    kernel_.writeElement(
        out_, [](const OperandText& operand) { return fmt::format("{}_raw[u]", operand.name); },
        [](const ResultText& result, const std::string& value) {
          return fmt::format("{0}[offsets[u].{0}] = {1}", result.name, value);
        });
    out_.close();
    out_.close();
    out_.close();
  }

 private:
  bool isWide() const { return traits(kernel_.layout().cls).is_wide; }
  std::string_view index() const { return isWide() ? "long long" : "unsigned"; }
  std::string_view offset() const { return isWide() ? "long long" : "int"; }

  // Where element i is in each tensor. Most have two dimensions and cost one division.
  void writeOffsetsFunction() {
    out_.line("// Where an element is in each tensor.");
    openOffsetsFunction(offset(), fmt::format("{} i", index()));
    const int last = kernel_.rank() - 1;
    std::string left = "i";
    for (int dim = 0; dim < last; ++dim) {
      if (dim == 1) {
        out_.line("// In two dimensions.");
        const std::string size = isWide() ? "geometry.size1" : "geometry.size1.divisor";
        out_.line("if ({} < {}) return {};", left, size, offsets({"at0", left}, 0, offset()));
      }
      left = writeDivision(dim, left, dim + 1 == last);
    }
    llvm::SmallVector<std::string> coordinates;
    for (int dim = 0; dim < last; ++dim) coordinates.push_back(fmt::format("at{}", dim));
    coordinates.push_back(left);
    out_.line("return {};", offsets(coordinates, 0, offset()));
    out_.close();
    out_.raw("\n");
  }

  // Takes the coordinate of a dimension off what is left of the index; returns what is left then.
  std::string writeDivision(int dim, const std::string& left, bool isLast) {
    const std::string size = kernel_.fieldName({.kind = GeometryField::Kind::Size, .type = {}, .dim = dim});
    const std::string quotient = isLast ? fmt::format("at{}", dim + 1) : fmt::format("left{}", dim + 1);
    if (isWide()) {
      out_.line("const long long {} = {} / geometry.{}, at{} = {} - {} * geometry.{};", quotient, left, size, dim, left,
                quotient, size);
    } else {
      out_.line("unsigned at{};", dim);
      out_.line("const unsigned {} = divide({}, geometry.{}, at{});", quotient, left, size, dim);
    }
    return quotient;
  }
};

}  // namespace

void write(const GenericSchedule& schedule, KernelText& kernel, TextWriter& out) {
  GenericText(schedule, kernel, out).write();
}

}  // namespace gems::cuda
