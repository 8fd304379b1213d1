// pw-fold: constants folded, dead operations dropped, nothing else rewritten (see Passes.td for why).
#include "Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace gems::pw {
#define GEN_PASS_DEF_FOLD
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;
using namespace gems::pw;

namespace {

struct Fold : gems::pw::impl::FoldBase<Fold> {
  void runOnOperation() override {
    if (failed(applyPatternsGreedily(getOperation(), RewritePatternSet(&getContext())))) signalPassFailure();
  }
};

}  // namespace
