// Conversion of a body value between dtypes.
#include "Scalar/Cast.h"

#include "Pw/Pw.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"

using namespace mlir;
using namespace gems;
using namespace gems::pw;

Value pw::buildInteger(ImplicitLocOpBuilder& b, Type type, int64_t number) {
  const unsigned width = type.getIntOrFloatBitWidth();
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, APInt(64, static_cast<uint64_t>(number)).trunc(width)));
}

Value pw::buildFloat(ImplicitLocOpBuilder& b, Type type, double number) {
  return arith::ConstantOp::create(b, b.getFloatAttr(type, number));
}

namespace {

bool isNarrow(DType dtype) { return is_float(dtype) && opmath_of(dtype) != dtype; }

Value castToBool(ImplicitLocOpBuilder& b, Value value, DType from) {
  if (is_integer(from))
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, value, buildInteger(b, value.getType(), 0));
  // Not every float8 has a zero to compare with.
  if (is_float8(from)) return castToBool(b, buildCast(b, value, from, DType::F32), DType::F32);
  if (is_float(from))
    return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, value, buildFloat(b, value.getType(), 0));
  Value re = castToBool(b, complex::ReOp::create(b, value), real_of(from));
  Value im = castToBool(b, complex::ImOp::create(b, value), real_of(from));
  return arith::OrIOp::create(b, re, im);
}

Value castIntegral(ImplicitLocOpBuilder& b, Value value, DType from, Type to) {
  const unsigned fromWidth = value.getType().getIntOrFloatBitWidth(), toWidth = to.getIntOrFloatBitWidth();
  if (fromWidth == toWidth) return value;
  if (fromWidth > toWidth) return arith::TruncIOp::create(b, to, value);
  if (is_signed(from)) return arith::ExtSIOp::create(b, to, value);
  return arith::ExtUIOp::create(b, to, value);
}

// The widths in between are those of x86's conversions followed by truncation (u8: as c10, which goes through int64).
Value castFloatToInteger(ImplicitLocOpBuilder& b, Value value, DType from, DType to) {
  if (isNarrow(from)) return castFloatToInteger(b, buildCast(b, value, from, DType::F32), DType::F32, to);
  // Negative values wrap on the CPU and become 0 on CUDA: left to the back ends.
  if (to == DType::U16 || to == DType::U32 || to == DType::U64)
    return arith::FPToUIOp::create(b, bodyType(b.getContext(), to), value);
  const bool throughI32 = to == DType::I8 || to == DType::I16 || to == DType::I32;
  Value wide = arith::FPToSIOp::create(b, throughI32 ? b.getI32Type() : b.getI64Type(), value);
  return castIntegral(b, wide, throughI32 ? DType::I32 : DType::I64, bodyType(b.getContext(), to));
}

Value castToFloat(ImplicitLocOpBuilder& b, Value value, DType from, DType to) {
  if (from == to) return value;
  Type type = bodyType(b.getContext(), to);
  if (isNarrow(to)) return arith::TruncFOp::create(b, type, castToFloat(b, value, from, DType::F32));
  if (is_integral(from)) {
    if (is_signed(from)) return arith::SIToFPOp::create(b, type, value);
    return arith::UIToFPOp::create(b, type, value);
  }
  if (size_bytes(from) > size_bytes(to)) return arith::TruncFOp::create(b, type, value);
  if (isNarrow(from) && to == DType::F64) value = arith::ExtFOp::create(b, b.getF32Type(), value);
  return arith::ExtFOp::create(b, type, value);
}

}  // namespace

Value pw::buildBitCast(ImplicitLocOpBuilder& b, Value value, DType to) {
  Type type = bodyType(b.getContext(), to);
  return value.getType() == type ? value : arith::BitcastOp::create(b, type, value);
}

Value pw::buildCast(ImplicitLocOpBuilder& b, Value value, DType from, DType to) {
  if (from == to) return value;
  if (is_bool(to)) return castToBool(b, value, from);
  if (is_complex(to)) {
    const DType part = real_of(to);
    Value re = is_complex(from) ? complex::ReOp::create(b, value).getResult() : value;
    re = castToFloat(b, re, real_of(from), part);
    Value im = is_complex(from) ? castToFloat(b, complex::ImOp::create(b, value), real_of(from), part)
                                : buildFloat(b, bodyType(b.getContext(), part), 0);
    return complex::CreateOp::create(b, bodyType(b.getContext(), to), re, im);
  }
  if (is_complex(from)) return buildCast(b, complex::ReOp::create(b, value), real_of(from), to);
  if (is_float(to)) return castToFloat(b, value, from, to);
  if (is_float(from)) return castFloatToInteger(b, value, from, to);
  return castIntegral(b, value, from, bodyType(b.getContext(), to));
}
