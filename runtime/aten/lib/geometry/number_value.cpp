// Numbers from at::Scalars and from 0-dim CPU tensors, without going through the dispatcher.
#include "geometry/number_value.h"

#include "gems/aten/dtype.h"
#include "gems/dsl/element.h"

namespace gems::aten {
namespace {

// The dtype of numbers that holds every value of another.
DType number_dtype(DType dtype) {
  switch (category(dtype)) {
    case Category::Bool:
      return DType::Bool;
    case Category::Integer:
      return dtype == DType::U64 ? DType::U64 : DType::I64;
    case Category::Float:
      return DType::F64;
    case Category::Complex:
      return DType::C128;
  }
  return dtype;
}

}  // namespace

bool to_number(const at::Scalar& scalar, NumberValue& number) {
  switch (scalar.type()) {
    case at::kBool:
      number = {DType::Bool, scalar.toBool(), {}};
      return true;
    case at::kLong:
      number = {DType::I64, scalar.toLong(), {}};
      return true;
    case at::kUInt64:
      number = {DType::U64, static_cast<std::int64_t>(scalar.toUInt64()), {}};
      return true;
    case at::kDouble:
      number = {DType::F64, 0, scalar.toDouble()};
      return true;
    case at::kComplexDouble: {
      const c10::complex<double> value = scalar.toComplexDouble();
      number = {DType::C128, 0, {value.real(), value.imag()}};
      return true;
    }
    default:
      return false;
  }
}

bool to_number(const at::Tensor& tensor, NumberValue& number) {
  // What Python's numbers come in goes the short way.
  const void* data = tensor.const_data_ptr();
  if (tensor.scalar_type() == at::kLong) {
    number = {DType::I64, *static_cast<const std::int64_t*>(data), {}};
    return true;
  }
  if (tensor.scalar_type() == at::kDouble) {
    number = {DType::F64, 0, *static_cast<const double*>(data)};
    return true;
  }
  const auto dtype = to_dtype(tensor.scalar_type());
  if (!dtype) return false;
  const Element element = load_element(data, *dtype);
  number = {number_dtype(*dtype), element.integer, element.value};
  return true;
}

}  // namespace gems::aten
