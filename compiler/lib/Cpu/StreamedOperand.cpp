// Addresses of elements as MLIR's llvm dialect.
#include "Cpu/StreamedOperand.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace gems::cpu {

Place StreamedOperand::at(ImplicitLocOpBuilder& builder, Value base, Value strideBytes, Value index) const {
  const bool isContiguous = step == Step::Contiguous;
  Value offset = LLVM::MulOp::create(builder, index, isContiguous ? integer(builder, type.sizeBytes()) : strideBytes);
  return {advanced(builder, base, offset), step, strideBytes};
}

void StreamedOperand::copy(ImplicitLocOpBuilder& builder, Value element, Value inBuffer) const {
  Value outside = advanced(builder, base, LLVM::MulOp::create(builder, element, strideBytes));
  Value offset = LLVM::MulOp::create(builder, inBuffer, integer(builder, type.sizeBytes()));
  Value inside = advanced(builder, buffer, offset);
  copyElement(builder, type, isResult ? inside : outside, isResult ? outside : inside);
}

}  // namespace gems::cpu
