// Calls of LLVM's intrinsics for single instructions.
#include "Cpu/Avx512.h"

#include <algorithm>
#include <string>

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace gems::cpu::avx512 {
namespace {

Value number(ImplicitLocOpBuilder& builder, Type type, int64_t value) {
  return LLVM::ConstantOp::create(builder, builder.getIntegerAttr(type, value));
}

Value call(ImplicitLocOpBuilder& builder, const std::string& name, Type result, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(builder, result, builder.getStringAttr("llvm.x86." + name), operands)
      .getResults();
}

std::string bits(Lanes x) { return std::to_string(32 * x.count()); }

// The masked forms with every lane on. The widest one takes a rounding mode: 4 is the current one.
Lanes masked(const std::string& name, Lanes x, SmallVector<Value> operands) {
  ImplicitLocOpBuilder& builder = x.builder();
  operands.push_back(x.value());
  operands.push_back(number(builder, builder.getIntegerType(unsigned(std::max<int64_t>(x.count(), 8))), -1));
  if (x.count() == 16) operands.push_back(number(builder, builder.getI32Type(), 4));
  return {builder, call(builder, "avx512.mask." + name + ".ps." + bits(x), x.type(), operands)};
}

Value immediate(Lanes x, int64_t value) { return number(x.builder(), x.builder().getI32Type(), value); }

}  // namespace

bool available(Lanes x, VectorUnit unit) {
  return unit.bytes == 64 && x.elementType().isF32() && (x.count() == 4 || x.count() == 8 || x.count() == 16);
}

Lanes scaleByPowerOf2(Lanes x, Lanes n) { return masked("scalef", x, {x.value(), n.value()}); }
Lanes fractionToNearest(Lanes x) { return masked("reduce", x, {x.value(), immediate(x, 0)}); }
// 3: the interval. 8: the sign counts.
Lanes mantissaAround1(Lanes x) { return masked("getmant", x, {x.value(), immediate(x, 3 | 8)}); }
Lanes exponent(Lanes x) { return masked("getexp", x, {x.value()}); }

Lanes isDenormal(Lanes x) {
  constexpr int64_t Denormal = 0x20;
  ImplicitLocOpBuilder& builder = x.builder();
  auto type = VectorType::get(x.type().getShape(), builder.getI1Type());
  return {builder, call(builder, "avx512.fpclass.ps." + bits(x), type, {x.value(), immediate(x, Denormal)})};
}

bool canConvertBf16(Lanes x, VectorUnit unit) { return unit.hasBf16 && available(x, unit) && x.count() >= 8; }

Lanes toBf16FlushingDenormals(Lanes x) {
  ImplicitLocOpBuilder& builder = x.builder();
  auto narrow = VectorType::get(x.type().getShape(), builder.getBF16Type());
  Value rounded = call(builder, "avx512bf16.cvtneps2bf16." + bits(x), narrow, x.value());
  auto words = VectorType::get(x.type().getShape(), builder.getI16Type());
  return {builder, LLVM::BitcastOp::create(builder, words, rounded)};
}

bool canLookUp(Lanes x, VectorUnit unit) { return unit.bytes == 64 && x.count() == 16; }

Lanes lookUp(std::span<const double, 16> table, Lanes index) {
  ImplicitLocOpBuilder& builder = index.builder();
  SmallVector<float> values(table.begin(), table.end());
  auto type = VectorType::get({16}, builder.getF32Type());
  Value entries = LLVM::ConstantOp::create(builder, DenseElementsAttr::get(type, ArrayRef<float>(values)));
  return {builder, call(builder, "avx512.permvar.sf.512", type, {entries, index.value()})};
}

}  // namespace gems::cpu::avx512
