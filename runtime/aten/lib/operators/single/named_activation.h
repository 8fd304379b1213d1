// An operator of one tensor by the name that a caller gives it: of a module, or of gems itself.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <string_view>

#include "gems/dsl/op.h"

namespace gems::aten {

class NamedActivation {
 public:
  // "my_ops::swish", or "swish" where one namespace only has an operator of that name. Throws c10::Error, for an
  // operand `act` of `caller` that may be one of `own` as well: where there is none, with names that are near; where
  // several have it; for an operator that takes or gives more than one tensor, or reduces.
  NamedActivation(std::string_view caller, std::string_view name, std::span<const std::string_view> own);

  // Of a tensor that nobody else has: where neither autograd nor a mode looks, in its own memory.
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  std::string name_;  // with its namespace
  const OpDef* op_ = nullptr;
};

}  // namespace gems::aten
