// Verifier and printing of pw.kernel: attributes and body must tell the same story at every stage.
#include "Pw/Pw.h"
#include "Pw/RowBody.h"

#include "llvm/ADT/StringSet.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace gems;
using namespace gems::pw;

DType pw::yieldedDType(ResultAttr result) {
  const DType storage = result.getStorage();
  if (result.getExtent() != Extent::Column) return storage;
  return is_complex(storage) || is_float(storage) ? opmath_of(storage) : storage;
}

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

LogicalResult verifyCpuSchedule(KernelOp kernel) {
  if (!kernel.getCpuLayoutAttr()) return kernel.emitOpError("has a CPU schedule, but no CPU layout to schedule");
  if (!kernel.getResolved()) return kernel.emitOpError("has a CPU schedule, but its promotion is not resolved");
  return success();
}

// Rows are known to rowwise kernels only; a result of a row does not vary along it.
LogicalResult verifyExtents(KernelOp kernel) {
  Block& block = kernel.getBody().front();
  if (kernel.getRowwise()) {
    const llvm::DenseMap<Value, Extent> extents = extentsOf(kernel);
    for (auto [value, spec] :
         llvm::zip(kernel.getYield().getValues(), kernel.getResultSpecs().getAsRange<ResultAttr>()))
      if (spec.getExtent() == Extent::Row && varies_along_columns(extents.lookup(value)))
        return kernel.getYield().emitOpError()
               << "result '" << spec.getName() << "' is one value for each row, but the body's value varies along it";
    return success();
  }
  for (Operation& op : block)
    if (isa<pw::ReduceOp, PickOp, RowIndexOp, RowLengthOp>(op))
      return op.emitOpError("reads a row, which only a rowwise kernel has");
  auto checkExtent = [&](StringRef what, auto spec) -> LogicalResult {
    if (spec.getExtent() == Extent::Element) return success();
    return kernel.emitOpError() << what << " '" << spec.getName() << "' has the extent '"
                                << StringRef(gems::name(spec.getExtent())) << "', which only rowwise kernels know";
  };
  for (auto spec : kernel.getOperandSpecs().getAsRange<OperandAttr>())
    if (failed(checkExtent("operand", spec))) return failure();
  for (auto spec : kernel.getResultSpecs().getAsRange<ResultAttr>())
    if (failed(checkExtent("result", spec))) return failure();
  return success();
}

}  // namespace

LogicalResult KernelOp::verify() {
  if (getResultSpecs().empty()) return emitOpError("needs at least one result");

  llvm::StringSet<> names;
  auto checkName = [&](StringRef name) -> LogicalResult {
    if (names.insert(name).second) return success();
    return emitOpError() << "has two operands or results named '" << name << "'";
  };
  for (auto spec : getOperandSpecs().getAsRange<OperandAttr>())
    if (failed(checkName(spec.getName()))) return failure();
  for (auto spec : getResultSpecs().getAsRange<ResultAttr>())
    if (failed(checkName(spec.getName()))) return failure();

  if (getLayoutAttr() && failed(verifyLayout(*this, getLayoutAttr().getValue()))) return failure();
  if (getCpuLayoutAttr() && failed(verifyCpuLayout(*this, getCpuLayoutAttr()))) return failure();
  if (getScheduleAttr() && failed(verifySchedule(*this, getScheduleAttr().getValue()))) return failure();
  return getCpuScheduleAttr() ? verifyCpuSchedule(*this) : success();
}

LogicalResult KernelOp::verifyRegions() {
  auto checkType = [&](Operation* op, StringRef what, auto spec, DType inMemory, StringRef verb,
                       Type type) -> LogicalResult {
    const DType dtype = getResolved() ? inMemory : spec.getCompute();
    if (type == bodyType(getContext(), dtype)) return success();
    return op->emitOpError() << what << " '" << spec.getName() << "' is " << gems::name(dtype)
                             << (getResolved() ? " in memory" : " in the body") << ", but the body " << verb << " "
                             << type;
  };
  Block& block = getBody().front();
  if (block.getNumArguments() != getOperandSpecs().size())
    return emitOpError() << "has " << getOperandSpecs().size() << " operands, but its body takes "
                         << block.getNumArguments();
  for (unsigned i = 0; i < block.getNumArguments(); ++i)
    if (failed(checkType(*this, "operand", operandSpec(i), operandSpec(i).getStorage(), "takes",
                         block.getArgument(i).getType())))
      return failure();

  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield) return emitOpError("body must end with pw.yield");
  if (yield.getNumOperands() != getResultSpecs().size())
    return yield.emitOpError() << "yields " << yield.getNumOperands() << " values, but the kernel has "
                               << getResultSpecs().size() << " results";
  for (unsigned i = 0; i < yield.getNumOperands(); ++i)
    if (failed(checkType(yield, "result", resultSpec(i), yieldedDType(resultSpec(i)), "yields",
                         yield.getOperand(i).getType())))
      return failure();
  return verifyExtents(*this);
}

LogicalResult ApproximateOp::verify() {
  const size_t wanted = getFunction() == Approximation::div ? 2 : 1;
  if (getOperands().size() == wanted) return success();
  return emitOpError() << stringifyApproximation(getFunction()) << " takes " << wanted << " operands, given "
                       << getOperands().size();
}
