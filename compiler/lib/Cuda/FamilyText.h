// What the text of every family is written from.
#pragma once

#include "Cuda/KernelText.h"

namespace gems::cuda {

class FamilyText {
 public:
  FamilyText(KernelText& kernel, TextWriter& out)
      : kernel_(kernel), out_(out), schedule_(kernel.schedule()), moving_(kernel.movingOperands()) {}

 protected:
  KernelText& kernel_;
  TextWriter& out_;
  const Schedule& schedule_;
  const std::vector<const OperandText*> moving_;
};

}  // namespace gems::cuda
