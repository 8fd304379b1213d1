// How the texts of rowwise kernels store their results. See RowText.h.
#include "Cuda/RowText.h"

#include "gems/compiler/tuning.h"

using namespace mlir;
using namespace gems::pw;

namespace gems::cuda {

void RowText::writeRowResults() {
  SmallVector<const ResultText*> results;
  for (const ResultText& result : kernel_.results())
    if (result.extent == Extent::Row) results.push_back(&result);
  if (results.empty()) return;
  out_.open("if ({}) {{", storesRow());
  for (const ResultText* result : results) {
    if (result->roundsFloat) use_rounding(kernel_.prelude(), result->storage);
    out_.line("{0}[offsets.{0}] = {1};", result->name, result->converted(kernel_.resultValue(row_, *result)));
  }
  out_.close();
}

void RowText::writeLastVisit() {
  SmallVector<const ResultText*> results;
  for (const ResultText& result : kernel_.results())
    if (result.extent == Extent::Element) results.push_back(&result);
  const bool isByWords = goesByWords() && !results.empty();
  if (isByWords) writeWords(results);
  for (const int vectors : groupSizes()) {
    group_ = vectors;
    if (isByWords) {
      openFunction(last_.slice.operands, "true");
      writeLastGroup(results, "true");
      out_.close("};");
    } else {
      openGroup(last_.slice.operands);
      writeLastGroup(results);
      closeGroup();
    }
  }
  if (!isByWords) return;
  openFunction(last_.slice.operands, "false");
  writeLastGroup(results, "false");
  out_.close("};");
  writeWordsWalk();
}

void RowText::writeLastGroup(ArrayRef<const ResultText*> results, std::string_view aligned) {
  // The ends of a clustered row, around the vectors that go by words.
  const bool isByElement = isClustered() && aligned == "false";
  const bool isScattered = this->isScattered() || isByElement;
  out_.line("#pragma unroll");
  out_.open("for (int u = 0; u < {}; ++u) {{", group_);
  const auto shifts = [&](const ResultText* result) { return isShifted(result->storage); };
  const bool isAll = llvm::any_of(results, shifts);
  if (!isAll) out_.line("if (!elements.has(u * {})) break;", width_);
  writeColumnVectors(last_);
  for (const ResultText* sum : sums_) openTerms(*sum);
  if (!isScattered)
    for (const ResultText* result : results) kernel_.declareResultVector(out_, *result);
  out_.line("#pragma unroll");
  out_.open("for (int k = 0; k < {}; ++k) {{", width_);
  if (isGeneric()) {
    out_.line("if (!elements.has(u * {} + k)) break;", width_);
    out_.line("const Column to = column_of(column + u * step + k, geometry);");
  }
  if (isAcross()) out_.line("if (!elements.has(u * {} + k) || !is_row) continue;", width_);
  if (isByElement) {
    out_.line("const long long at = column + u * step + k;");
    out_.line("if (!elements.has(u * {} + k) || (at >= head && at < whole)) continue;", width_);
  }
  const auto element = [&](const OperandText& operand) { return fmt::format("{}.get(k)", vectorOf(operand)); };
  std::string called = call(last_, element, "column + u * step + k");
  const bool isSingle = last_.roots.size() == 1;
  if (!isSingle) {
    out_.line("const Results values = {};", called);
    called = "values";
  }
  const auto valueOf = [&](const ResultText* result) { return isSingle ? called : "values." + result->name; };
  for (const ResultText* result : results) {
    const std::string value = valueOf(result);
    const bool isPacked = result->isPacked() && width_ > 1 && !isScattered;
    if (result->roundsFloat && !isPacked) use_rounding(kernel_.prelude(), result->storage);
    const std::string stored = isPacked ? value : result->converted(value);
    if (isGeneric())
      out_.line("{0}[offsets.{0} + to.{0}] = {1};", result->name, stored);
    else if (isByElement)
      out_.line("{0}[offsets.{0} + at] = {1};", result->name, stored);
    else if (isAcross())
      out_.line("{0}[offsets.{0} + {1}] = {2};", result->name, offsetAlong(result->name, "column + u * step + k"),
                stored);
    else
      out_.line("{};", kernel_.putElement(*result, stored));
  }
  for (const ResultText* sum : sums_) {
    const std::string exists = isAll ? fmt::format("if (elements.has(u * {} + k)) ", width_) : "";
    out_.line("{}{}", exists, takeTerm(*sum, valueOf(sum)));
  }
  out_.close();
  for (const ResultText* sum : sums_) writeTerms(*sum);
  if (!isScattered)
    for (const ResultText* result : results) {
      const std::string address = fmt::format("{0} + offsets.{0} + column + u * step", result->name);
      if (isShifted(result->storage)) {
        kernel_.prelude().use(Snippet::ShiftedRow);
        out_.line("store_shifted({}, {}, elements.rest(u * {}));", address, kernel_.storedVector(*result), width_);
      } else if (kernel_.isAligned()) {
        kernel_.storeVector(out_, *result, address, "", "");
      } else {
        kernel_.storeVector(out_, *result, address, "0", fmt::format("elements.rest(u * {})", width_), aligned);
      }
    }
  out_.close();
}

}  // namespace gems::cuda
