// Sums over all rows in the texts of rowwise kernels: blocks walk over the rows and leave their sums of each column in
// scratch memory, and NAME_fold, a second kernel of the same text, adds them up in a fixed order. See RowText.h.
#include "Cuda/RowText.h"
#include "gems/compiler/tuning.h"

using namespace mlir;

namespace gems::cuda {

void RowText::writeSumsType() {
  kernel_.prelude().use(Snippet::Sum);
  SmallVector<std::string> pointers;
  std::string before;  // bytes of a column's sums of earlier results
  int bytes = 0;
  out_.line("// Sums of each column over the rows that a block had, and how far those of two blocks lie apart.");
  out_.open("struct Sums {{");
  for (const ResultText* sum : sums_) {
    if (StringRef(sum->valueType).starts_with("c")) kernel_.prelude().use(Snippet::SumComplex);
    out_.line("{}* {};", sum->valueType, sum->name);
    pointers.push_back(fmt::format("reinterpret_cast<{}*>(scratch{}) + part * pitch", sum->valueType,
                                   bytes > 0 ? fmt::format(" + {} * geometry.sums * pitch", bytes) : ""));
    bytes += static_cast<int>(size_bytes(pw::yieldedDType(kernel_.specOf(*sum))));
  }
  out_.close("};");
  out_.raw("\n");
  out_.open("__device__ __forceinline__ long long pitch_of(const Geometry& geometry) {{");
  out_.line("return (geometry.columns + {0}) / {1} * {1};", tuning::SumsPitch - 1, tuning::SumsPitch);
  out_.close();
  out_.raw("\n");
  out_.open("__device__ __forceinline__ Sums sums_of(char* scratch, unsigned part, const Geometry& geometry) {{");
  out_.line("const long long pitch = pitch_of(geometry);");
  out_.line("return {{{}}};", fmt::join(pointers, ",\n          "));
  out_.close();
  out_.raw("\n");
}

void RowText::writeBeforeRows() {
  out_.line("const unsigned first_row = blockIdx.x * blockDim.{0} + threadIdx.{0};", across());
  out_.line("const Sums sums = sums_of(scratch, first_row, geometry);");
}

void RowText::openTerms(const ResultText& result) {
  out_.line("Vec<{}, {}> {}_terms = {{}};", result.valueType, width_, result.name);
}

std::string RowText::takeTerm(const ResultText& result, const std::string& term) const {
  return fmt::format("{}_terms.put(k, {});", result.name, term);
}

std::string_view RowText::sumsWord(const ResultText& result) const {
  return kernel_.accessWord(pw::yieldedDType(kernel_.specOf(result)), width_);
}

void RowText::writeTerms(const ResultText& result) {
  kernel_.prelude().use(Snippet::AddTerms);
  out_.line("add_terms<{1}>(sums.{0} + column + u * step, {0}_terms, row == first_row);", result.name,
            sumsWord(result));
}

void RowText::writeSumsFold() {
  kernel_.prelude().use(Snippet::FoldSums);
  kernel_.prelude().use(Snippet::CombineAcross);
  const int columns = tuning::FoldColumns, threads = tuning::FoldThreads;
  out_.raw("\n");
  out_.line("// Sums over all rows, from those of the blocks.");
  kernel_.openKernel(out_, lastParameter(""), columns * threads, 1, "_fold");
  out_.line("const long long column = blockIdx.x * {}ll + threadIdx.x;", columns);
  out_.line("const unsigned parts = column < geometry.columns ? geometry.sums : 0;");
  out_.line("const Sums sums = sums_of(scratch, 0, geometry);");
  for (const ResultText* sum : sums_)
    out_.line("const {0} {1}_own = fold_sums(sums.{1} + column, pitch_of(geometry), parts);", sum->valueType,
              sum->name);
  for (const ResultText* sum : sums_) {
    out_.line("__shared__ {} {}_exchange[{}][{}];", sum->valueType, sum->name, threads, columns);
    out_.line("const {0} {1}_sum = combine_across<Sum<{0}>, false>({1}_own, {1}_exchange);", sum->valueType, sum->name);
  }
  out_.line("if (threadIdx.y > 0 || column >= geometry.columns) return;");
  for (const ResultText* sum : sums_) {
    std::string value = sum->name + "_sum";
    if (sum->storage == DType::C32) {
      use_rounding(kernel_.prelude(), DType::F16);
      value = fmt::format("{{to_f16({0}.re), to_f16({0}.im)}}", value);
    } else if (is_float(sum->storage) && opmath_of(sum->storage) != sum->storage) {
      use_rounding(kernel_.prelude(), sum->storage);
      value = fmt::format("{}({})", rounding_function(sum->storage), value);
    }
    out_.line("{}[{}] = {};", sum->name, offsetAlong(sum->name, "column"), value);
  }
  out_.close();
}

}  // namespace gems::cuda
