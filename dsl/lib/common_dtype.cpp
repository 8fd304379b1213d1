// The order of dtypes behind common_dtype.h.
#include "common_dtype.h"

namespace gems {
namespace {

// The order of get_higher_dtype in torch._prims_common; dtypes of equal level meet one level up.
constexpr int level(DType t) {
  switch (t) {
    case DType::Bool:
      return 0;
    case DType::U8:
    case DType::I8:
      return 1;
    case DType::I16:
      return 2;
    case DType::I32:
      return 3;
    case DType::I64:
      return 4;
    case DType::F16:
    case DType::BF16:
      return 5;
    case DType::F32:
      return 6;
    case DType::F64:
      return 7;
    case DType::C32:
      return 8;
    case DType::C64:
      return 9;
    case DType::C128:
      return 10;
    case DType::U16:
    case DType::U32:
    case DType::U64:
    case DType::F8E4M3FN:
    case DType::F8E5M2:
    case DType::F8E4M3FNUZ:
    case DType::F8E5M2FNUZ:
    case DType::F8E8M0FNU:
      return -1;
  }
  return -1;
}

}  // namespace

std::optional<DType> common_dtype(DType a, DType b) {
  if (a == b) return a;
  if (is_complex(a)) b = complex_of(b);
  if (is_complex(b)) a = complex_of(a);
  if (a == b) return a;
  if (is_float8(a) || is_float8(b)) return std::nullopt;
  if (level(a) < 0 || level(b) < 0) {
    if (is_float(a)) return a;
    if (is_float(b)) return b;
    return std::nullopt;
  }
  if (level(a) != level(b)) return level(a) > level(b) ? a : b;
  return level(a) == 1 ? DType::I16 : DType::F32;
}

}  // namespace gems
