// Verifier and printing of pw.kernel: attributes and body must tell the same story at every stage.
#include "Pw/Pw.h"

#include "llvm/ADT/StringSet.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace gems;
using namespace gems::pw;

YieldOp KernelOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }

void KernelOp::getAsmBlockArgumentNames(Region& region, OpAsmSetValueNameFn setName) {
  if (region.empty()) return;
  for (auto [argument, spec] : llvm::zip(region.front().getArguments(), getOperandSpecs().getAsRange<OperandAttr>()))
    setName(argument, spec.getName());
}

namespace {

unsigned countTensors(KernelOp kernel) {
  return llvm::count_if(kernel.getOperandSpecs().getAsRange<OperandAttr>(),
                        [](OperandAttr spec) { return spec.getForm() == OperandForm::Tensor; });
}

LogicalResult verifyLayout(KernelOp kernel, const Layout& layout) {
  const unsigned tensors = countTensors(kernel);
  if (layout.singles >> tensors == 0) return success();
  return kernel.emitOpError() << "has the layout '" << to_string(layout) << "', but only " << tensors
                              << " tensors that are read";
}

LogicalResult verifyCpuLayout(KernelOp kernel, CpuLayoutAttr layout) {
  const size_t operands = countTensors(kernel), results = kernel.getResultSpecs().size();
  if (layout.getOperands().size() == operands && layout.getResults().size() == results) return success();
  return kernel.emitOpError() << "has " << operands << " tensors and " << results
                              << " results, but its CPU layout describes " << layout.getOperands().size() << " and "
                              << layout.getResults().size();
}

LogicalResult verifySchedule(KernelOp kernel, const Schedule& schedule) {
  if (!kernel.getLayoutAttr()) return kernel.emitOpError("has a schedule, but no layout to schedule");
  if (!kernel.getResolved()) return kernel.emitOpError("has a schedule, but its promotion is not resolved");
  const std::string problem = problem_of(schedule, kernel.getLayoutAttr().getValue().cls);
  return problem.empty() ? success() : kernel.emitOpError() << "has a wrong schedule: " << problem;
}

}  // namespace

LogicalResult KernelOp::verify() {
  if (getResultSpecs().empty()) return emitOpError("needs at least one result");

  llvm::StringSet<> names;
  for (auto spec : getOperandSpecs().getAsRange<OperandAttr>()) {
    if (!names.insert(spec.getName()).second)
      return emitOpError() << "has two operands or results named '" << spec.getName() << "'";
  }
  for (auto spec : getResultSpecs().getAsRange<ResultAttr>()) {
    if (!names.insert(spec.getName()).second)
      return emitOpError() << "has two operands or results named '" << spec.getName() << "'";
  }

  if (getLayoutAttr() && failed(verifyLayout(*this, getLayoutAttr().getValue()))) return failure();
  if (getCpuLayoutAttr() && failed(verifyCpuLayout(*this, getCpuLayoutAttr()))) return failure();
  return getScheduleAttr() ? verifySchedule(*this, getScheduleAttr().getValue()) : success();
}

LogicalResult KernelOp::verifyRegions() {
  Block& block = getBody().front();
  if (block.getNumArguments() != getOperandSpecs().size())
    return emitOpError() << "has " << getOperandSpecs().size() << " operands, but its body takes "
                         << block.getNumArguments();
  for (unsigned i = 0; i < block.getNumArguments(); ++i) {
    OperandAttr spec = operandSpec(i);
    const DType dtype = getResolved() ? spec.getStorage() : spec.getCompute();
    if (block.getArgument(i).getType() != bodyType(getContext(), dtype))
      return emitOpError() << "operand '" << spec.getName() << "' is " << gems::name(dtype)
                           << (getResolved() ? " in memory" : " in the body") << ", but the body takes "
                           << block.getArgument(i).getType();
  }

  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield) return emitOpError("body must end with pw.yield");
  if (yield.getNumOperands() != getResultSpecs().size())
    return yield.emitOpError() << "yields " << yield.getNumOperands() << " values, but the kernel has "
                               << getResultSpecs().size() << " results";
  for (unsigned i = 0; i < yield.getNumOperands(); ++i) {
    ResultAttr spec = resultSpec(i);
    const DType dtype = getResolved() ? spec.getStorage() : spec.getCompute();
    if (yield.getOperand(i).getType() != bodyType(getContext(), dtype))
      return yield.emitOpError() << "result '" << spec.getName() << "' is " << gems::name(dtype)
                                 << (getResolved() ? " in memory" : " in the body") << ", but the body yields "
                                 << yield.getOperand(i).getType();
  }
  return success();
}

LogicalResult ApproximateOp::verify() {
  const size_t wanted = getFunction() == Approximation::div ? 2 : 1;
  if (getOperands().size() == wanted) return success();
  return emitOpError() << stringifyApproximation(getFunction()) << " takes " << wanted << " operands, given "
                       << getOperands().size();
}
