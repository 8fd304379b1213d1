// pw-load-constants: vector constants that one operation reads become loads of a global.
//
//   %c = arith.constant dense<0.5> : vector<8xf32>         %a = llvm.mlir.addressof @constant.0 : !llvm.ptr
//   %r = math.fma %p, %x, %c : vector<8xf32>          ->   %c = llvm.load %a : !llvm.ptr -> vector<8xf32>
//                                                          %r = math.fma %p, %x, %c : vector<8xf32>
//
// The code generator keeps every constant of a loop in a register, also where there are 16 registers and 20 constants,
// and then moves them around in each iteration. A load is part of the instruction that uses it.
#include "Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace gems::pw {
#define GEN_PASS_DEF_LOADCONSTANTS
#include "Transforms/Passes.h.inc"
}  // namespace gems::pw

using namespace mlir;

namespace gems::cpu {
namespace {

// Zeros need no register. Integers are masks and shift counts, which the code generator wants to see.
bool isLoadable(arith::ConstantOp constant) {
  auto number = dyn_cast<SplatElementsAttr>(constant.getValue());
  return number && isa<FloatType>(number.getElementType()) && !number.getSplatValue<APFloat>().isPosZero();
}

struct LoadConstants : pw::impl::LoadConstantsBase<LoadConstants> {
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

}  // namespace gems::cpu
