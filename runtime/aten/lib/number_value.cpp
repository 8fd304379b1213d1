// Numbers as the runtime takes them, from at::Scalars and from 0-dim CPU tensors, without going through the dispatcher.
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <c10/util/complex.h>

#include "call_geometry.h"

namespace gems::aten {
namespace {

NumberValue of_integer(DType dtype, std::int64_t value) { return {dtype, value, {}}; }
NumberValue of_float(double value) { return {DType::F64, 0, value}; }
NumberValue of_complex(c10::complex<double> value) { return {DType::C128, 0, {value.real(), value.imag()}}; }

template <class T>
T read(const at::Tensor& tensor) {
  return *static_cast<const T*>(tensor.const_data_ptr());
}

}  // namespace

std::optional<NumberValue> to_number(const at::Scalar& scalar) {
  switch (scalar.type()) {
    case at::kBool:
      return of_integer(DType::Bool, scalar.toBool());
    case at::kLong:
      return of_integer(DType::I64, scalar.toLong());
    case at::kDouble:
      return of_float(scalar.toDouble());
    case at::kComplexDouble:
      return of_complex(scalar.toComplexDouble());
    default:
      return std::nullopt;
  }
}

std::optional<NumberValue> to_number(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kBool:
      return of_integer(DType::Bool, read<std::uint8_t>(tensor) != 0);
    case at::kByte:
      return of_integer(DType::I64, read<std::uint8_t>(tensor));
    case at::kChar:
      return of_integer(DType::I64, read<std::int8_t>(tensor));
    case at::kShort:
      return of_integer(DType::I64, read<std::int16_t>(tensor));
    case at::kInt:
      return of_integer(DType::I64, read<std::int32_t>(tensor));
    case at::kLong:
      return of_integer(DType::I64, read<std::int64_t>(tensor));
    case at::kUInt16:
      return of_integer(DType::I64, read<std::uint16_t>(tensor));
    case at::kUInt32:
      return of_integer(DType::I64, read<std::uint32_t>(tensor));
    case at::kHalf:
      return of_float(read<c10::Half>(tensor));
    case at::kBFloat16:
      return of_float(read<c10::BFloat16>(tensor));
    case at::kFloat:
      return of_float(read<float>(tensor));
    case at::kDouble:
      return of_float(read<double>(tensor));
    case at::kComplexFloat:
      return of_complex(read<c10::complex<float>>(tensor));
    case at::kComplexDouble:
      return of_complex(read<c10::complex<double>>(tensor));
    default:
      return std::nullopt;
  }
}

}  // namespace gems::aten
