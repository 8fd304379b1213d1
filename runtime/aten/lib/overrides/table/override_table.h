// The table of overrides: which overloads exist, and how a kernel for each is made.
#pragma once

#include <ATen/core/boxing/KernelFunction.h>

#include <deque>
#include <functional>
#include <string>

#include "overrides/override.h"

namespace gems::aten {

struct TableRow {
  using MakeKernel = std::function<c10::KernelFunction(Override&, c10::DispatchKey)>;

  TableRow(std::string name, const OverrideRow& row, std::size_t index, const char* aten, const char* overload,
           MakeKernel make)
      : override(std::move(name), row, index), aten_name(aten), overload_name(overload), make_kernel(std::move(make)) {}

  Override override;
  const char* aten_name;      // "aten::add"
  const char* overload_name;  // "Tensor"
  // A kernel for CPU or CUDA; invalid when ATen has no CUDA kernels here.
  MakeKernel make_kernel;
};

// In the order of the rows; made once, without any registration.
std::deque<TableRow>& override_table();

}  // namespace gems::aten
