// pw-schedule-cpu: chooses how many elements of a kernel are a vector: as many of its widest type as fill a register.
//
//   pw.kernel ... resolved cpu_layout <...> {     ->    pw.kernel ... resolved cpu_layout <...> cpu_schedule <lanes =
//   16> {
//
// Vectors of a rowwise kernel are several registers, so that sums in them do not wait for one another. The order in
// which a row is summed depends on them: they do not depend on the layout.
#include <algorithm>

#include "Cpu/Bf16Pairs.h"
#include "Cpu/RowFunctions.h"
#include "Pw/Pw.h"
#include "Pw/RowBody.h"
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

unsigned bitsOf(Type type) {
  if (auto complex = dyn_cast<ComplexType>(type)) type = complex.getElementType();
  return type.getIntOrFloatBitWidth();
}

unsigned widestBits(pw::KernelOp kernel) {
  unsigned widest = 8;
  auto count = [&](Type type) { widest = std::max(widest, bitsOf(type)); };
  for (Value argument : kernel.getBody().front().getArguments()) count(argument.getType());
  for (Operation& op : kernel.getBody().front())
    for (Type type : op.getResultTypes()) count(type);
  return widest;
}

// Registers that a vector of a rowwise kernel fills; one or two where functions need registers of their own.
constexpr int64_t RowRegisters = 4;
constexpr int64_t FunctionBytes = 64;

// Lanes of the vectors with which a row is visited.
int64_t rowLanes(pw::KernelOp kernel, int64_t vectorBytes) {
  pw::RowBody body(kernel);
  unsigned widest = 8;
  auto count = [&](Type type) { widest = std::max(widest, bitsOf(type)); };
  for (BlockArgument argument : kernel.getBody().front().getArguments())
    if (!body.isOfRow(argument)) count(argument.getType());
  for (Operation& op : kernel.getBody().front().without_terminator()) {
    const bool isVisit = isa<pw::ReduceOp>(op) || !body.isOfRow(op.getResult(0));
    if (isVisit && !isa<pw::ReduceOp>(op)) count(op.getResult(0).getType());
  }
  const int64_t registers =
      evaluatesFunctions(kernel, body) ? std::max<int64_t>(FunctionBytes / vectorBytes, 1) : RowRegisters;
  return registers * vectorBytes * 8 / widest;
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
    if (kernel.getRowwise()) {
      const int64_t lanes = rowLanes(kernel, vectorBytes);
      const bool bf16Pairs = vectorBytes < 64 && layout.getWalk() == CpuWalk::Row && canUseBf16Pairs(kernel);
      return kernel.setCpuScheduleAttr(pw::CpuScheduleAttr::get(&getContext(), lanes, bf16Pairs));
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
