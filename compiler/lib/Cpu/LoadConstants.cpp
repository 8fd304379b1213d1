// Constants of polynomials to globals; see LoadConstants.h.
#include "LoadConstants.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace gems::cpu {
namespace {

// Zeros need no register. Integers are masks and shift counts, which the code generator wants to see.
bool isLoadable(arith::ConstantOp constant) {
  auto number = dyn_cast<SplatElementsAttr>(constant.getValue());
  return number && isa<FloatType>(number.getElementType()) && !number.getSplatValue<APFloat>().isPosZero();
}

struct LoadConstants : PassWrapper<LoadConstants, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LoadConstants)

  StringRef getArgument() const override { return "pw-load-constants"; }
  StringRef getDescription() const override { return "vector constants that are used once to loads of globals"; }
  void getDependentDialects(DialectRegistry& registry) const override { registry.insert<LLVM::LLVMDialect>(); }

  void runOnOperation() override {
    // By value, since each use has an operation of its own; what is used twice had better stay in a register.
    llvm::MapVector<Attribute, SmallVector<arith::ConstantOp>> constants;
    getOperation().walk([&](arith::ConstantOp constant) {
      if (isLoadable(constant)) constants[constant.getValue()].push_back(constant);
    });
    unsigned count = 0;
    for (auto& [value, ops] : constants)
      if (ops.size() == 1 && ops.front()->hasOneUse()) replace(ops.front(), "constant." + std::to_string(count++));
  }

 private:
  void replace(arith::ConstantOp constant, const std::string& name) {
    auto type = cast<VectorType>(constant.getType());
    ImplicitLocOpBuilder builder(constant.getLoc(), getOperation());
    builder.setInsertionPointToEnd(getOperation().getBody());
    // Not marked as constant: what cannot change would be loaded before the loop, and into a register again.
    const unsigned alignment = type.getNumElements() * type.getElementTypeBitWidth() / 8;
    LLVM::GlobalOp::create(builder, type, /*isConstant=*/false, LLVM::Linkage::Internal, name, constant.getValue(),
                           alignment);
    // Next to its use, so that the load becomes part of the instruction.
    builder.setInsertionPoint(*constant->getUsers().begin());
    Value address = LLVM::AddressOfOp::create(builder, LLVM::LLVMPointerType::get(&getContext()), name);
    constant.replaceAllUsesWith(LLVM::LoadOp::create(builder, type, address, alignment).getResult());
    constant.erase();
  }
};

}  // namespace

std::unique_ptr<Pass> createLoadConstantsPass() { return std::make_unique<LoadConstants>(); }

}  // namespace gems::cpu
