// The formulas of Scalar/Approximation.cpp as C++ functions.
#include "Cuda/ApproximationText.h"

#include <set>

#include "Cuda/BodyText.h"
#include "Scalar/Approximation.h"

using namespace mlir;
using namespace gems::pw;

namespace gems::cuda {
namespace {

void writeFormula(const Formula& formula, MLIRContext* context, Prelude& prelude, TextWriter& out) {
  const std::string name = approximationName(formula.function);
  if (!formula.library.empty()) {
    out.line("// Rare, and long.");
    out.line("__device__ __noinline__ float far_{0}(float x) {{ return {0}f(x); }}", formula.library);
    out.raw("\n");
  }
  out.line("// {}", formula.text);
  out.open("__device__ __forceinline__ float {}(float x) {{", name);
  if (!formula.library.empty()) out.line("if (fabsf(x) > {}.0f) return far_{}(x);", formula.limit, formula.library);
  Block block;
  ImplicitLocOpBuilder builder(UnknownLoc::get(context), context);
  builder.setInsertionPointToStart(&block);
  Value x = block.addArgument(builder.getF32Type(), builder.getLoc());
  Value result = formula.build({&builder, x}).value;
  YieldOp::create(builder, result);
  BodyText body(out, prelude);
  body.bind(x, "x", false);
  body.write(block);
  out.line("return {};", body.at(result));
  out.close();
  out.raw("\n");
}

}  // namespace

std::string approximationName(Approximation function) { return "approx_" + stringifyApproximation(function).str(); }

void writeApproximations(KernelOp kernel, Prelude& prelude, TextWriter& out) {
  std::set<Approximation> functions;
  for (auto op : kernel.getBody().getOps<ApproximateOp>())
    if (formulaOf(op.getFunction()).build) functions.insert(op.getFunction());
  for (Approximation function : functions) writeFormula(formulaOf(function), kernel.getContext(), prelude, out);
}

}  // namespace gems::cuda
