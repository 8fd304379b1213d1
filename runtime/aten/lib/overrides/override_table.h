// The table of overrides: which overloads exist, and their one registration with ATen's dispatcher.
#pragma once

#include <ATen/core/boxing/KernelFunction.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

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

// Puts all overrides into the dispatch table, switched off; the first call does the work. Not safe while other threads
// call ATen operators for the first time: the dispatcher takes no lock for readers.
void register_overrides();

// Why an overload must never be overridden, or nothing. Such operators lose their gradient: their one kernel would
// replace the formula that autograd looks through. "where.ScalarSelf" -> "composite ...".
std::optional<std::string> refusal(std::string_view aten_name, std::string_view overload_name);

}  // namespace gems::aten
