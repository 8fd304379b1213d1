// A variant: one op, traced for the dtypes, forms and flags of a call, compiled for a layout and a device, loaded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cuda/driver.h"
#include "gems/compiler/cpu.h"
#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"
#include "gems/runtime/plan.h"
#include "variant/words.h"

namespace gems {

// One kernel parameter before the results'.
struct Parameter {
  OperandForm form = OperandForm::Tensor;
  std::uint8_t index = 0;      // Tensor: among the tensors of a launch. Number: among its numbers
  DType compute = DType::F32;  // Number
};

struct Variant {
  std::string name;  // of the kernel
  std::vector<Parameter> parameters;
  std::size_t operand_tensors = 0;
  std::size_t results = 0;
  std::size_t numbers = 0;
  Layout layout;
  Schedule schedule;  // CUDA
  CpuKernel cpu = nullptr;
  driver::Kernel cuda;
};

// 2 words of context, 4 a flag, 1 a result, 1 + 12 of layout.
using VariantKey = Words<2 + 4 * MaxOperands + MaxResults + 1 + 12>;
VariantKey variant_key(const PlanRequest& request, const Layout& layout);

// Null when the variant is not loaded. No lock.
const Variant* find_variant(const VariantKey& key);

// Finds, waits for, or makes the variant: one thread makes it, others wait. A failure is kept and thrown again to every
// later caller, so that a kernel that cannot be compiled costs its compile once.
const Variant& find_or_make_variant(const VariantKey& key, const PlanRequest& request, const Layout& layout);

// Traces, compiles (or takes from the disk cache) and loads; in variant_build.cpp.
Variant build_variant(const PlanRequest& request, const Layout& layout);

}  // namespace gems
