// pw-number-sweeps: a reduction is found in the first sweep over the row at which all that its values depend on is
// known.
//
//   %mean, %m2 = pw.reduce moments %x                ->   pw.reduce moments %x sweep 1
//   %centred = arith.subf %x, %mean
//   %cubes = pw.reduce sum %centred                  ->   pw.reduce sum %centred sweep 2
#include "Transforms/Passes.h"

namespace gems::pw {
#define GEN_PASS_DEF_NUMBERSWEEPS
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;
using namespace gems::pw;

namespace {

struct NumberSweeps : gems::pw::impl::NumberSweepsBase<NumberSweeps> {
  void runOnOperation() override {
    llvm::DenseMap<Value, int64_t> known;  // after how many sweeps
    Builder builder(&getContext());
    for (Operation& op : getOperation().getBody().front()) {
      int64_t sweeps = 0;
      for (Value operand : op.getOperands()) sweeps = std::max(sweeps, known.lookup(operand));
      if (auto reduce = dyn_cast<ReduceOp>(op)) reduce.setSweepAttr(builder.getI64IntegerAttr(++sweeps));
      for (Value result : op.getResults()) known[result] = sweeps;
    }
  }
};

}  // namespace
