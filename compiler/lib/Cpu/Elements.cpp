// Loads and stores of vectors of elements; see Elements.h for the representations.
#include "Cpu/Elements.h"

#include "Pw/Pw.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

namespace gems::cpu {
namespace {

Value partAddress(ImplicitLocOpBuilder& builder, const ElementType& type, Value address, int64_t part) {
  return part == 0 ? address : advanced(builder, address, integer(builder, part * type.partBytes));
}

// Bool: any byte but 0 is true.
Value toRegister(ImplicitLocOpBuilder& builder, const ElementType& type, Value value) {
  if (type.inMemory == type.inRegister) return value;
  Value zero = arith::ConstantOp::create(builder, builder.getZeroAttr(value.getType()));
  return arith::CmpIOp::create(builder, arith::CmpIPredicate::ne, value, zero);
}

Value toMemory(ImplicitLocOpBuilder& builder, const ElementType& type, Value value) {
  if (type.inMemory == type.inRegister) return value;
  auto vector = cast<VectorType>(value.getType());
  return arith::ExtUIOp::create(builder, VectorType::get(vector.getShape(), type.inMemory), value);
}

// Every second element of pairs, from first on.
Value everySecond(ImplicitLocOpBuilder& builder, Value pairs, int64_t lanes, int32_t first) {
  SmallVector<int32_t> mask;
  for (int32_t i = 0; i < lanes; ++i) mask.push_back(2 * i + first);
  return LLVM::ShuffleVectorOp::create(builder, pairs, pairs, mask);
}

Value interleaved(ImplicitLocOpBuilder& builder, Value even, Value odd, int64_t lanes) {
  SmallVector<int32_t> mask;
  for (int32_t i = 0; i < lanes; ++i) mask.append({i, int32_t(lanes) + i});
  return LLVM::ShuffleVectorOp::create(builder, even, odd, mask);
}

Value laneAddress(ImplicitLocOpBuilder& builder, const Place& place, int64_t lane) {
  if (lane == 0) return place.base;
  return advanced(builder, place.base, LLVM::MulOp::create(builder, place.strideBytes, integer(builder, lane)));
}

}  // namespace

ElementType::ElementType(Type bodyType) {
  auto complex = dyn_cast<ComplexType>(bodyType);
  parts = complex ? 2 : 1;
  inRegister = registerType(complex ? complex.getElementType() : bodyType);
  inMemory = inRegister.isInteger(1) ? Type(IntegerType::get(bodyType.getContext(), 8)) : inRegister;
  partBytes = inMemory.getIntOrFloatBitWidth() / 8;
}

Type registerType(Type scalar) {
  if (!pw::isNarrowFloat(scalar)) return scalar;
  return IntegerType::get(scalar.getContext(), scalar.getIntOrFloatBitWidth());
}

Value integer(ImplicitLocOpBuilder& builder, int64_t number) {
  return LLVM::ConstantOp::create(builder, builder.getI64IntegerAttr(number));
}

Value advanced(ImplicitLocOpBuilder& builder, Value address, Value bytes) {
  return LLVM::GEPOp::create(builder, address.getType(), builder.getI8Type(), address, ArrayRef<LLVM::GEPArg>{bytes});
}

Parts loadLanes(ImplicitLocOpBuilder& builder, const ElementType& type, const Place& place, int64_t lanes) {
  Parts result;
  if (place.step == Step::Contiguous) {
    auto vector = VectorType::get({lanes * type.parts}, type.inMemory);
    Value loaded = LLVM::LoadOp::create(builder, vector, place.base, type.partBytes);
    if (type.parts == 1) return {toRegister(builder, type, loaded)};
    return {everySecond(builder, loaded, lanes, 0), everySecond(builder, loaded, lanes, 1)};
  }
  auto vector = VectorType::get({lanes}, type.inMemory);
  result.assign(type.parts, LLVM::PoisonOp::create(builder, vector));
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value address = laneAddress(builder, place, lane);
    for (int64_t part = 0; part < type.parts; ++part) {
      Value element =
          LLVM::LoadOp::create(builder, type.inMemory, partAddress(builder, type, address, part), type.partBytes);
      result[part] = LLVM::InsertElementOp::create(builder, result[part], element, integer(builder, lane));
    }
  }
  for (Value& part : result) part = toRegister(builder, type, part);
  return result;
}

void storeLanes(ImplicitLocOpBuilder& builder, const ElementType& type, const Place& place, const Parts& values) {
  const int64_t lanes = cast<VectorType>(values.front().getType()).getNumElements();
  if (place.step == Step::Contiguous) {
    Value stored =
        type.parts == 1 ? toMemory(builder, type, values.front()) : interleaved(builder, values[0], values[1], lanes);
    LLVM::StoreOp::create(builder, stored, place.base, type.partBytes);
    return;
  }
  Parts stored;
  for (Value value : values) stored.push_back(toMemory(builder, type, value));
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value address = laneAddress(builder, place, lane);
    for (int64_t part = 0; part < type.parts; ++part) {
      Value element = LLVM::ExtractElementOp::create(builder, stored[part], integer(builder, lane));
      LLVM::StoreOp::create(builder, element, partAddress(builder, type, address, part), type.partBytes);
    }
  }
}

Parts loadSplat(ImplicitLocOpBuilder& builder, const ElementType& type, Value address, int64_t lanes) {
  Parts result;
  auto vector = VectorType::get({lanes}, type.inMemory);
  for (int64_t part = 0; part < type.parts; ++part) {
    Value element =
        LLVM::LoadOp::create(builder, type.inMemory, partAddress(builder, type, address, part), type.partBytes);
    Value poison = LLVM::PoisonOp::create(builder, vector);
    Value first = LLVM::InsertElementOp::create(builder, poison, element, integer(builder, 0));
    SmallVector<int32_t> mask(lanes, 0);
    result.push_back(toRegister(builder, type, LLVM::ShuffleVectorOp::create(builder, first, poison, mask)));
  }
  return result;
}

void copyElement(ImplicitLocOpBuilder& builder, const ElementType& type, Value from, Value to) {
  Type bytes = builder.getIntegerType(type.sizeBytes() * 8);
  LLVM::StoreOp::create(builder, LLVM::LoadOp::create(builder, bytes, from, type.partBytes), to, type.partBytes);
}

}  // namespace gems::cpu
