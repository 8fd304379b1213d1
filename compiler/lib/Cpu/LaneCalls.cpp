// Private functions of a kernel's module that work lane by lane or with a loop, and the branch to them.
#include "Cpu/LaneCalls.h"

#include <cmath>
#include <cstring>
#include <string>

#include "Cpu/Elements.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace gems::cpu {
namespace {

using Unary = double (*)(double);
using Binary = double (*)(double, double);

LibraryFunction unary(const char* name, Unary function) { return {name, reinterpret_cast<void*>(function)}; }
LibraryFunction binary(const char* name, Binary function) { return {name, reinterpret_cast<void*>(function)}; }

ModuleOp moduleOf(ImplicitLocOpBuilder& builder) {
  return builder.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
}

// Sets the builder to the end of the module for the lifetime of the guard.
LLVM::LLVMFuncOp declare(ImplicitLocOpBuilder& builder, ModuleOp module, StringRef name, ArrayRef<Type> operands,
                         Type result, LLVM::Linkage linkage) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module.getBody());
  auto type = LLVM::LLVMFunctionType::get(result, operands);
  auto function = LLVM::LLVMFuncOp::create(builder, name, type, linkage);
  function.setNoUnwind(true);
  return function;
}

std::string privateName(StringRef what, VectorType type) {
  std::string name = "lanes." + what.str() + ".";
  llvm::raw_string_ostream(name) << type.getElementType() << "x" << type.getNumElements();
  return name;
}

// body: stores the operands, loads them one by one, calls, stores over the first operand.
void buildLaneLoop(ImplicitLocOpBuilder& builder, LLVM::LLVMFuncOp function, LLVM::LLVMFuncOp callee, VectorType type) {
  OpBuilder::InsertionGuard guard(builder);
  Type element = type.getElementType();
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Block* entry = function.addEntryBlock(builder);
  builder.setInsertionPointToStart(entry);
  Value one = integer(builder, 1);
  SmallVector<Value> buffers;
  for (Value operand : entry->getArguments()) {
    buffers.push_back(LLVM::AllocaOp::create(builder, pointer, type, one, 64));
    LLVM::StoreOp::create(builder, operand, buffers.back());
  }
  Block* loop = builder.createBlock(&function.getBody(), {}, builder.getI64Type(), builder.getLoc());
  Block* exit = builder.createBlock(&function.getBody());
  builder.setInsertionPointToEnd(entry);
  LLVM::BrOp::create(builder, integer(builder, 0), loop);

  builder.setInsertionPointToStart(loop);
  Value index = loop->getArgument(0);
  SmallVector<Value> addresses, lanes;
  for (Value buffer : buffers) {
    addresses.push_back(LLVM::GEPOp::create(builder, pointer, element, buffer, ArrayRef<LLVM::GEPArg>{index}));
    lanes.push_back(LLVM::LoadOp::create(builder, element, addresses.back()));
  }
  Value result = LLVM::CallOp::create(builder, callee, lanes).getResult();
  LLVM::StoreOp::create(builder, result, addresses.front());
  Value next = LLVM::AddOp::create(builder, index, one);
  Value more = LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ult, next, integer(builder, type.getNumElements()));
  LLVM::CondBrOp::create(builder, more, loop, ValueRange(next), exit, ValueRange());

  builder.setInsertionPointToStart(exit);
  LLVM::ReturnOp::create(builder, ValueRange(LLVM::LoadOp::create(builder, type, buffers.front(), 64).getResult()));
}

Value isAny(ImplicitLocOpBuilder& builder, Lanes condition) {
  Type mask = builder.getIntegerType(condition.count());
  Value bits = LLVM::BitcastOp::create(builder, mask, condition.value());
  Value none = LLVM::ConstantOp::create(builder, builder.getIntegerAttr(mask, 0));
  return LLVM::ICmpOp::create(builder, LLVM::ICmpPredicate::ne, bits, none);
}

// Squares until no lane has a bit of its exponent left.
void buildIntegerPower(ImplicitLocOpBuilder& builder, LLVM::LLVMFuncOp function, VectorType type) {
  OpBuilder::InsertionGuard guard(builder);
  Block* entry = function.addEntryBlock(builder);
  SmallVector<Type> state(3, type);
  SmallVector<Location> locations(3, builder.getLoc());
  Block* loop = builder.createBlock(&function.getBody(), {}, state, locations);
  Block* exit = builder.createBlock(&function.getBody(), {}, type, builder.getLoc());

  builder.setInsertionPointToStart(entry);
  Lanes base(builder, entry->getArgument(0)), exponent(builder, entry->getArgument(1));
  Lanes zero = base.constant(0), one = base.constant(1);
  LLVM::BrOp::create(builder, ValueRange{one.value(), base.value(), exponent.value()}, loop);

  builder.setInsertionPointToStart(loop);
  Lanes result(builder, loop->getArgument(0)), square(builder, loop->getArgument(1)),
      left(builder, loop->getArgument(2));
  Lanes product = select((left & one) != zero, result * square, result);
  Lanes rest = left >> 1;
  LLVM::CondBrOp::create(builder, isAny(builder, rest != zero), loop,
                         ValueRange{product.value(), (square * square).value(), rest.value()}, exit,
                         ValueRange{product.value()});

  builder.setInsertionPointToStart(exit);
  LLVM::ReturnOp::create(builder, ValueRange(exit->getArgument(0)));
}

}  // namespace

std::vector<LibraryFunction> libraryFunctions() {
  return {
      unary("exp", std::exp),
      unary("exp2", std::exp2),
      unary("expm1", std::expm1),
      unary("log", std::log),
      unary("log2", std::log2),
      unary("log10", std::log10),
      unary("log1p", std::log1p),
      unary("sin", std::sin),
      unary("cos", std::cos),
      unary("tan", std::tan),
      unary("asin", std::asin),
      unary("acos", std::acos),
      unary("atan", std::atan),
      unary("sinh", std::sinh),
      unary("cosh", std::cosh),
      unary("tanh", std::tanh),
      unary("erf", std::erf),
      unary("erfc", std::erfc),
      binary("pow", std::pow),
      binary("atan2", std::atan2),
      binary("fmod", std::fmod),
      {"fmodf", reinterpret_cast<void*>(static_cast<float (*)(float, float)>(std::fmod))},
      // The code generator calls these by itself.
      {"memcpy", reinterpret_cast<void*>(&std::memcpy)},
      {"memset", reinterpret_cast<void*>(&std::memset)},
  };
}

Lanes callPerLane(std::string_view name, std::initializer_list<Lanes> operands) {
  Lanes first = *operands.begin();
  ImplicitLocOpBuilder& builder = first.builder();
  ModuleOp module = moduleOf(builder);
  VectorType type = first.type();
  SmallVector<Value> values;
  for (Lanes operand : operands) values.push_back(operand.value());

  std::string own = privateName(name, type);
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(own);
  if (!function) {
    auto callee = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
    SmallVector<Type> scalars(operands.size(), type.getElementType());
    if (!callee) callee = declare(builder, module, name, scalars, type.getElementType(), LLVM::Linkage::External);
    SmallVector<Type> vectors(operands.size(), type);
    function = declare(builder, module, own, vectors, type, LLVM::Linkage::Internal);
    buildLaneLoop(builder, function, callee, type);
  }
  return {builder, LLVM::CallOp::create(builder, function, values).getResult()};
}

Lanes integerPower(Lanes base, Lanes exponent) {
  ImplicitLocOpBuilder& builder = base.builder();
  ModuleOp module = moduleOf(builder);
  VectorType type = base.type();
  std::string own = privateName("power", type);
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(own);
  if (!function) {
    function = declare(builder, module, own, {type, type}, type, LLVM::Linkage::Internal);
    buildIntegerPower(builder, function, type);
  }
  return {builder, LLVM::CallOp::create(builder, function, ValueRange{base.value(), exponent.value()}).getResult()};
}

Lanes replacedWhereAny(Lanes condition, Lanes usual, const std::function<Lanes()>& replacement) {
  ImplicitLocOpBuilder& builder = condition.builder();
  Value any = isAny(builder, condition);
  Block* before = builder.getInsertionBlock();
  Block* after = before->splitBlock(builder.getInsertionPoint());
  Value result = after->addArgument(usual.type(), builder.getLoc());
  Block* rare = builder.createBlock(after);
  Lanes replaced = replacement();
  LLVM::BrOp::create(builder, replaced.value(), after);
  builder.setInsertionPointToEnd(before);
  LLVM::CondBrOp::create(builder, any, rare, ValueRange(), after, ValueRange(usual.value()),
                         std::pair<uint32_t, uint32_t>(1, 1000));
  builder.setInsertionPointToStart(after);
  return {builder, result};
}

}  // namespace gems::cpu
