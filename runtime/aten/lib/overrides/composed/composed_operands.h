// What composed overloads ask of their tensors before they make views of them and allocate results.
#pragma once

#include <ATen/core/Tensor.h>

#include <initializer_list>
#include <optional>

#include "gems/aten/decline.h"

namespace gems::aten {

// Null where it is left out.
inline const at::Tensor* tensor_or_null(const std::optional<at::Tensor>& tensor) {
  return tensor && tensor->defined() ? &*tensor : nullptr;
}

// Nothing, or why ATen has to do the call: tensors that are not plain ones of one device. Null ones are left out.
std::optional<DeclineReason> check_plain(std::initializer_list<const at::Tensor*> tensors);

// The same of a result that the caller gave, if it is defined: other dtypes, which ATen refuses, and other shapes,
// which it resizes.
std::optional<DeclineReason> check_given(const at::Tensor& result, at::IntArrayRef sizes, at::ScalarType dtype);

// A contiguous result, unless the caller gave it.
void allocate_if_missing(at::Tensor& result, at::IntArrayRef sizes, at::ScalarType dtype, at::Device device);

// One element, repeated along as many rows as there are.
at::Tensor repeated(const at::Tensor& element, at::IntArrayRef sizes);

}  // namespace gems::aten
