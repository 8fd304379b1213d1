// Registers the pw dialect's operations and attributes, and maps dtypes to body types.
#include "Pw/Pw.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace gems;
using namespace gems::pw;

#include "Pw/PwDialect.cpp.inc"

#define GET_OP_CLASSES
#include "Pw/PwOps.cpp.inc"

void PwDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "Pw/PwOps.cpp.inc"
      >();
}

Type pw::bodyType(MLIRContext* context, DType dtype) {
  switch (dtype) {
    case DType::Bool:
      return IntegerType::get(context, 1);
    case DType::F16:
      return Float16Type::get(context);
    case DType::BF16:
      return BFloat16Type::get(context);
    case DType::F8E4M3FN:
      return Float8E4M3FNType::get(context);
    case DType::F8E5M2:
      return Float8E5M2Type::get(context);
    case DType::F8E4M3FNUZ:
      return Float8E4M3FNUZType::get(context);
    case DType::F8E5M2FNUZ:
      return Float8E5M2FNUZType::get(context);
    case DType::F8E8M0FNU:
      return Float8E8M0FNUType::get(context);
    case DType::F32:
      return Float32Type::get(context);
    case DType::F64:
      return Float64Type::get(context);
    case DType::C32:
    case DType::C64:
    case DType::C128:
      return ComplexType::get(bodyType(context, real_of(dtype)));
    default:
      return IntegerType::get(context, 8 * static_cast<unsigned>(size_bytes(dtype)));
  }
}

std::optional<DType> pw::narrowFloat(Type type) {
  if (!isa<FloatType>(type)) return std::nullopt;
  for (DType dtype : {DType::F16, DType::BF16, DType::F8E4M3FN, DType::F8E5M2, DType::F8E4M3FNUZ, DType::F8E5M2FNUZ,
                      DType::F8E8M0FNU})
    if (bodyType(type.getContext(), dtype) == type) return dtype;
  return std::nullopt;
}
