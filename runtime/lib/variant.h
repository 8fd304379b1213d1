// A variant: one op, traced for the dtypes, forms and flags of a call, compiled for a layout and a device, loaded.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "driver.h"
#include "gems/compiler/cpu.h"
#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"
#include "gems/runtime/plan.h"
#include "words.h"

namespace gems {

// What a kernel depends on beside its trace and its target: the layout of a CUDA kernel, or that of a CPU kernel.
using KernelLayout = std::variant<Layout, CpuLayout>;

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
  KernelLayout layout;
  Schedule schedule;  // CUDA
  CpuKernel cpu = nullptr;
  driver::Kernel cuda;
};

// 2 words of context, 4 a flag, 1 a result, 1 of layout.
using VariantKey = Words<2 + 4 * MaxOperands + MaxResults + 1>;
VariantKey variant_key(const PlanRequest& request, const KernelLayout& layout);

// Null when the variant is not loaded. No lock.
const Variant* find_variant(const VariantKey& key);

// Finds, waits for, or makes the variant: one thread makes it, others wait. A failure is kept and thrown again to every
// later caller, so that a kernel that cannot be compiled costs its compile once.
const Variant& find_or_make_variant(const VariantKey& key, const PlanRequest& request, const KernelLayout& layout);

// Traces, compiles (or takes from the disk cache) and loads; in variant_build.cpp.
Variant build_variant(const PlanRequest& request, const KernelLayout& layout);

}  // namespace gems
