// pw-schedule-cpu: chooses how many elements of a kernel are a vector: as many of its widest type as fill a register.
//
//   pw.kernel ... resolved cpu_layout <...> {     ->    pw.kernel ... resolved cpu_layout <...> cpu_schedule <lanes =
//   16> {
#include <algorithm>

#include "Cpu/Bf16Pairs.h"
#include "Pw/Pw.h"
#include "Transforms/Passes.h"

namespace gems::pw {
#define GEN_PASS_DEF_SCHEDULECPU
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;

namespace gems::cpu {
namespace {

// Strided loads and stores are scalarised: the code grows with each lane.
constexpr int64_t MaxStridedLanes = 16;

unsigned widestBits(pw::KernelOp kernel) {
  unsigned widest = 8;
  auto count = [&](Type type) {
    if (auto complex = dyn_cast<ComplexType>(type)) type = complex.getElementType();
    widest = std::max(widest, type.getIntOrFloatBitWidth());
  };
  for (Value argument : kernel.getBody().front().getArguments()) count(argument.getType());
  for (Operation& op : kernel.getBody().front())
    for (Type type : op.getResultTypes()) count(type);
  return widest;
}

struct ScheduleCpu : pw::impl::ScheduleCpuBase<ScheduleCpu> {
  using ScheduleCpuBase::ScheduleCpuBase;

  void runOnOperation() override {
    pw::KernelOp kernel = getOperation();
    pw::CpuLayoutAttr layout = kernel.getCpuLayoutAttr();
    if (!kernel.getResolved() || !layout) {
      kernel.emitOpError("must be resolved and have a CPU layout to get a CPU schedule");
      return signalPassFailure();
    }
    const unsigned bits = widestBits(kernel);
    int64_t lanes = vectorBytes * 8 / bits;
    // With AVX-512, widening shuffles go across the whole register, and rounding is an instruction.
    const bool bf16Pairs = vectorBytes < 64 && bits == 32 && canUseBf16Pairs(kernel);
    if (bf16Pairs) lanes *= 2;
    if (llvm::is_contained(layout.getOperands(), Step::Strided) ||
        llvm::is_contained(layout.getResults(), Step::Strided))
      lanes = std::min(lanes, MaxStridedLanes);
    kernel.setCpuScheduleAttr(pw::CpuScheduleAttr::get(&getContext(), lanes, bf16Pairs));
  }
};

}  // namespace
}  // namespace gems::cpu
