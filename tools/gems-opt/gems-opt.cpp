// gems-opt: runs passes and stages of the pipeline on pw kernels in MLIR text, or prints them as CUDA (--emit-cuda).
// For tests and for people.
//
//   gems-opt --pw-to-approximated kernel.mlir
//   gems-opt --pass-pipeline='builtin.module(pw.kernel(pw-resolve-promotion))' kernel.mlir
#include "Cuda/EmitCuda.h"
#include "Pipeline/Pipeline.h"
#include "Pw/Pw.h"
#include "Transforms/Passes.h"
#include "gems/dsl/error.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "version.h"

using namespace mlir;

namespace {

// Replaces the printed module by the CUDA text of its kernels.
struct EmitCuda : PassWrapper<EmitCuda, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EmitCuda)

  EmitCuda() = default;
  EmitCuda(const EmitCuda& other) : PassWrapper(other) {}
  StringRef getArgument() const final { return "emit-cuda"; }
  StringRef getDescription() const final { return "print scheduled kernels as CUDA C++ on standard output"; }

  void runOnOperation() final {
    for (auto kernel : getOperation().getOps<gems::pw::KernelOp>()) {
      if (!kernel.getScheduleAttr()) {
        kernel.emitOpError("has no schedule: run pw-schedule-kernel first");
        return signalPassFailure();
      }
      try {
        llvm::outs() << gems::cuda::emit(kernel, gems::CudaTarget{arch}).text;
      } catch (const gems::Error& error) {
        kernel.emitOpError(error.what());
        return signalPassFailure();
      }
    }
  }

  Option<int> arch{*this, "arch", llvm::cl::desc("CUDA architecture, 90 for sm_90"), llvm::cl::init(90)};
};

// --pw-to-STAGE: all passes of the pipeline up to a stage.
struct StageOptions : PassPipelineOptions<StageOptions> {
  Option<std::string> schedule{*this, "schedule", llvm::cl::desc("CUDA: #pw.schedule<...>")};
  Option<bool> fastDoubles{*this, "fast-doubles", llvm::cl::desc("CUDA: powers of f32 in f64"), llvm::cl::init(true)};
  Option<int64_t> vectorBytes{*this, "vector-bytes", llvm::cl::desc("CPU: width of the widest vectors"),
                              llvm::cl::init(gems::cpu::VectorUnit{}.bytes)};
};

void registerStages() {
  for (const gems::pw::Stage& stage : gems::pw::stages()) {
    if (!stage.addPasses) continue;
    PassPipelineRegistration<StageOptions>(
        "pw-to-" + std::string(stage.name), "all passes up to this stage of the pipeline",
        [&stage](OpPassManager& module, const StageOptions& options) {
          gems::pw::PassTarget target{
              .isCuda = stage.isCuda, .schedule = options.schedule, .hasFastDoubles = options.fastDoubles};
          target.unit.bytes = options.vectorBytes;
          gems::pw::addStages(module, target, stage.name);
        });
  }
}

}  // namespace

int main(int argc, char** argv) {
  DialectRegistry registry;
  registry.insert<gems::pw::PwDialect, arith::ArithDialect, complex::ComplexDialect, LLVM::LLVMDialect,
                  math::MathDialect>();
  gems::pw::registerGemsPwPasses();
  registerCSEPass();
  registerStages();
  PassRegistration<EmitCuda>();
  llvm::cl::AddExtraVersionPrinter([](raw_ostream& out) { out << gems::version_text("gems-opt") << "\n"; });
  return asMainReturnCode(MlirOptMain(
      argc, argv, "Passes on pointwise kernels.\nExample: gems-opt --pw-resolve-promotion kernel.mlir\n", registry));
}
