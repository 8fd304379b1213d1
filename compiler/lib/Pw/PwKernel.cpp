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

// Layouts are attached to all of a kernel's operands and results at once, together with the space.
LogicalResult verifyLayout(KernelOp kernel, StringRef what, StringRef name, LayoutAttr layout) {
  SpaceAttr space = kernel.getSpaceAttr();
  if (!space) {
    if (layout) return kernel.emitOpError() << what << " '" << name << "' has a layout, but the kernel has no space";
    return success();
  }
  if (!layout) return kernel.emitOpError() << what << " '" << name << "' has no layout, but the kernel has a space";
  return success();
}

// What a family asks of each layout (see gems::Family).
LogicalResult verifyFamily(KernelOp kernel, StringRef what, StringRef name, LayoutAttr layout, bool isResult) {
  const Family family = kernel.getScheduleAttr().getFamily();
  if (family == Family::Generic) return success();
  const Step step = layout.getStep();
  const bool isAccessible = isResult                 ? step == Step::Contiguous
                            : family == Family::Flat ? step != Step::Strided
                                                     : step != Step::Contiguous;
  if (family == Family::Flat && step == Step::Contiguous && layout.getAlignBytes() < 16)
    return kernel.emitOpError() << what << " '" << name
                                << "' may begin anywhere, but a flat kernel moves vectors at multiples of 16 bytes";
  if (isAccessible) return success();
  return kernel.emitOpError() << what << " '" << name << "' is " << gems::name(step) << ", which a "
                              << gems::name(family) << " kernel cannot access";
}

}  // namespace

LogicalResult KernelOp::verify() {
  if (getResultSpecs().empty()) return emitOpError("needs at least one result");

  llvm::StringSet<> names;
  for (auto spec : getOperandSpecs().getAsRange<OperandAttr>()) {
    if (!names.insert(spec.getName()).second)
      return emitOpError() << "has two operands or results named '" << spec.getName() << "'";
    if (spec.getForm() == OperandForm::Tensor &&
        failed(verifyLayout(*this, "operand", spec.getName(), spec.getLayout())))
      return failure();
  }
  for (auto spec : getResultSpecs().getAsRange<ResultAttr>()) {
    if (!names.insert(spec.getName()).second)
      return emitOpError() << "has two operands or results named '" << spec.getName() << "'";
    if (failed(verifyLayout(*this, "result", spec.getName(), spec.getLayout()))) return failure();
  }

  ScheduleAttr schedule = getScheduleAttr();
  if (!schedule) return success();
  if (!getSpaceAttr()) return emitOpError("has a schedule, but no space to schedule");
  if (!getResolved()) return emitOpError("has a schedule, but its promotion is not resolved");
  const unsigned rank = getSpaceAttr().getRank();
  if (schedule.getFamily() == Family::Flat && rank != 1)
    return emitOpError() << "is flat, which needs a space of rank 1; given " << rank;
  if (schedule.getFamily() == Family::Rows && rank != 2 && rank != 4)
    return emitOpError() << "is scheduled by rows, which needs a space of rank 2 or 4; given " << rank;
  if (schedule.getFamily() == Family::Tile && rank != 4)
    return emitOpError() << "is scheduled by tile, which needs a space of rank 4; given " << rank;
  for (auto spec : getOperandSpecs().getAsRange<OperandAttr>())
    if (spec.getLayout() && failed(verifyFamily(*this, "operand", spec.getName(), spec.getLayout(), false)))
      return failure();
  for (auto spec : getResultSpecs().getAsRange<ResultAttr>())
    if (failed(verifyFamily(*this, "result", spec.getName(), spec.getLayout(), true))) return failure();
  return success();
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
