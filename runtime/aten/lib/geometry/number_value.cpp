// Numbers as the runtime takes them, from at::Scalars and from 0-dim CPU tensors, without going through the dispatcher.
#include <c10/util/BFloat16.h>
#include <c10/util/Float8_e4m3fn.h>
#include <c10/util/Float8_e4m3fnuz.h>
#include <c10/util/Float8_e5m2.h>
#include <c10/util/Float8_e5m2fnuz.h>
#include <c10/util/Float8_e8m0fnu.h>
#include <c10/util/Half.h>
#include <c10/util/complex.h>

#include "geometry/call_geometry.h"

namespace gems::aten {
namespace {

bool set_integer(NumberValue& number, DType dtype, std::int64_t value) {
  number = {dtype, value, {}};
  return true;
}
bool set_float(NumberValue& number, double value) {
  number = {DType::F64, 0, value};
  return true;
}
bool set_complex(NumberValue& number, c10::complex<double> value) {
  number = {DType::C128, 0, {value.real(), value.imag()}};
  return true;
}

template <class T>
T read(const at::Tensor& tensor) {
  return *static_cast<const T*>(tensor.const_data_ptr());
}

}  // namespace

bool to_number(const at::Scalar& scalar, NumberValue& number) {
  switch (scalar.type()) {
    case at::kBool:
      return set_integer(number, DType::Bool, scalar.toBool());
    case at::kLong:
      return set_integer(number, DType::I64, scalar.toLong());
    case at::kUInt64:
      return set_integer(number, DType::U64, static_cast<std::int64_t>(scalar.toUInt64()));
    case at::kDouble:
      return set_float(number, scalar.toDouble());
    case at::kComplexDouble:
      return set_complex(number, scalar.toComplexDouble());
    default:
      return false;
  }
}

bool to_number(const at::Tensor& tensor, NumberValue& number) {
  switch (tensor.scalar_type()) {
    case at::kBool:
      return set_integer(number, DType::Bool, read<std::uint8_t>(tensor) != 0);
    case at::kByte:
      return set_integer(number, DType::I64, read<std::uint8_t>(tensor));
    case at::kChar:
      return set_integer(number, DType::I64, read<std::int8_t>(tensor));
    case at::kShort:
      return set_integer(number, DType::I64, read<std::int16_t>(tensor));
    case at::kInt:
      return set_integer(number, DType::I64, read<std::int32_t>(tensor));
    case at::kLong:
      return set_integer(number, DType::I64, read<std::int64_t>(tensor));
    case at::kUInt16:
      return set_integer(number, DType::I64, read<std::uint16_t>(tensor));
    case at::kUInt32:
      return set_integer(number, DType::I64, read<std::uint32_t>(tensor));
    case at::kUInt64:
      return set_integer(number, DType::U64, read<std::int64_t>(tensor));
    case at::kHalf:
      return set_float(number, read<c10::Half>(tensor));
    case at::kBFloat16:
      return set_float(number, read<c10::BFloat16>(tensor));
    case at::kFloat:
      return set_float(number, read<float>(tensor));
    case at::kDouble:
      return set_float(number, read<double>(tensor));
    case at::kFloat8_e4m3fn:
      return set_float(number, read<c10::Float8_e4m3fn>(tensor));
    case at::kFloat8_e5m2:
      return set_float(number, read<c10::Float8_e5m2>(tensor));
    case at::kFloat8_e4m3fnuz:
      return set_float(number, read<c10::Float8_e4m3fnuz>(tensor));
    case at::kFloat8_e5m2fnuz:
      return set_float(number, read<c10::Float8_e5m2fnuz>(tensor));
    case at::kFloat8_e8m0fnu:
      return set_float(number, read<c10::Float8_e8m0fnu>(tensor));
    case at::kComplexHalf:
      return set_complex(number, c10::complex<float>(read<c10::complex<c10::Half>>(tensor)));
    case at::kComplexFloat:
      return set_complex(number, read<c10::complex<float>>(tensor));
    case at::kComplexDouble:
      return set_complex(number, read<c10::complex<double>>(tensor));
    default:
      return false;
  }
}

}  // namespace gems::aten
