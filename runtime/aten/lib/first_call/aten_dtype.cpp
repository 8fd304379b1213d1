// Remembers what ATen said by overload, dtypes, priorities in promotion, kinds of numbers and flags, and by whether a
// tensor has one element: ATen multiplies float8 tensors, but not by one of a single element. Of rowwise ops by their
// dimensions too, small as they are asked with.
#include "first_call/aten_dtype.h"

#include <c10/core/DefaultDtype.h>
#include <c10/util/DimVector.h>
#include <c10/util/Exception.h>
#include <c10/util/SmallVector.h>
#include <c10/util/strides.h>

#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>

#include "torch/allocate.h"
#include "torch/switches.h"

namespace gems::aten {
namespace {

// What the dtype depends on, as words.
using ProbeKey = c10::SmallVector<std::uint64_t, 32>;

void add(ProbeKey& key, const at::Tensor& tensor) {
  key.push_back(static_cast<std::uint64_t>(tensor.scalar_type()) | static_cast<std::uint64_t>(tensor.dim() > 0) << 8 |
                static_cast<std::uint64_t>(tensor.unsafeGetTensorImpl()->is_wrapped_number()) << 9 |
                static_cast<std::uint64_t>(tensor.is_cpu()) << 10 |
                static_cast<std::uint64_t>(tensor.numel() == 1) << 11);
}

void add_sizes(ProbeKey& key, const at::Tensor& tensor) {
  key.push_back(static_cast<std::uint64_t>(tensor.dim()));
  for (const std::int64_t size : tensor.sizes()) key.push_back(static_cast<std::uint64_t>(probe_size(size)));
}

void add_rows(ProbeKey& key, const Request& request) {
  key.push_back(request.rows.reduced);
  key.push_back(request.rows.keepdim);
  for (const at::Tensor& result : request.results)
    if (result.defined()) add_sizes(key, result);
  for (const CallArgument& argument : request.arguments)
    if (argument.kind == CallArgument::Kind::Tensor) add_sizes(key, *argument.tensor);
}

ProbeKey key_of(const Request& request, const CallGeometry& geometry) {
  ProbeKey key{request.call_site, reinterpret_cast<std::uintptr_t>(request.op),
               static_cast<std::uint64_t>(c10::get_default_dtype_as_scalartype()),
               static_cast<std::uint64_t>(geometry.device().type())};
  for (const at::Tensor& result : request.results)
    if (result.defined()) add(key, result);
  for (const CallArgument& argument : request.arguments) {
    key.push_back(static_cast<std::uint64_t>(argument.kind));
    switch (argument.kind) {
      case CallArgument::Kind::Tensor:
        add(key, *argument.tensor);
        break;
      case CallArgument::Kind::Number:
        key.push_back(static_cast<std::uint64_t>(argument.number->type()));
        break;
      case CallArgument::Kind::Flag:
        key.push_back(static_cast<std::uint64_t>(argument.flag.integer));
        for (const char c : argument.flag.chars) key.push_back(static_cast<std::uint64_t>(c));
        break;
      case CallArgument::Kind::Absent:
        break;
    }
  }
  if (request.op->is_rowwise) add_rows(key, request);
  return key;
}

// Given wherever a complex half is allocated, and so by our own allocation too: it says nothing about the call.
constexpr std::string_view ComplexHalfWarning = "ComplexHalf support is experimental";

class WarningRecorder final : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override {
    warned_ = warned_ || !std::string_view(warning.msg()).starts_with(ComplexHalfWarning);
  }
  bool warned() const { return warned_; }

 private:
  bool warned_ = false;
};

AtenDtype run(const AtenProbe& probe) {
  const AllOff quiet;  // what ATen's kernel calls on its way is no call of the user's
  WarningRecorder recorder;
  const c10::WarningUtils::WarningHandlerGuard guard(&recorder);
  // A warning that ATen gives only once must be left for the call that ATen will do.
  const c10::WarningUtils::WarnAlways always;
  try {
    const ResultTypes dtypes = probe();
    if (recorder.warned()) return {.declined = DeclineReason::AtenWarns};
    return {.declined = std::nullopt, .dtypes = dtypes};
  } catch (const std::exception&) {
    return {.declined = DeclineReason::AtenRaises};
  }
}

// By key; what is once in it stays where it is.
struct Known {
  std::mutex mutex;
  std::map<ProbeKey, AtenDtype> dtypes;
};

Known& known() {
  static Known* all = new Known;  // outlives the threads that may still ask while the process ends
  return *all;
}

using Answer = std::map<ProbeKey, AtenDtype>::value_type;

// The last answers of this thread, which take no lock.
const Answer*& last_answer(const ProbeKey& key) {
  constexpr std::size_t Size = 64;
  constinit thread_local std::array<const Answer*, Size> answers{};
  std::uint64_t hash = 0;
  for (const std::uint64_t word : key) hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
  return answers[hash >> 58];
}

const AtenDtype* find(const ProbeKey& key) {
  const Answer*& last = last_answer(key);
  if (last != nullptr && last->first == key) return &last->second;
  const std::lock_guard lock(known().mutex);
  const auto found = known().dtypes.find(key);
  if (found == known().dtypes.end()) return nullptr;
  last = &*found;
  return &found->second;
}

}  // namespace

bool is_aten_dtype_known(const Request& request, const CallGeometry& geometry) {
  return find(key_of(request, geometry)) != nullptr;
}

AtenDtype aten_dtype_of(const Request& request, const CallGeometry& geometry) {
  const ProbeKey key = key_of(request, geometry);
  if (const AtenDtype* found = find(key)) return *found;
  const AtenDtype result = run(*request.aten_probe);
  const std::lock_guard lock(known().mutex);
  known().dtypes.emplace(key, result);
  return result;
}

at::Tensor probe_rows_like(const at::Tensor& tensor) {
  at::DimVector sizes;
  for (const std::int64_t size : tensor.sizes()) sizes.push_back(probe_size(size));
  at::Tensor small =
      allocate(result_geometry(sizes, c10::contiguous_strides(sizes), tensor.scalar_type()), tensor.device());
  if (tensor.is_cpu() && small.numel() > 0) std::memset(small.mutable_data_ptr(), 1, small.nbytes());
  return small;
}

at::Tensor probe_tensor_like(const at::Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  const bool zero_dim = tensor.dim() == 0;
  const std::int64_t count = tensor.numel() == 1 ? 1 : 2;
  const at::DimVector sizes(zero_dim ? 0 : 1, count);
  const at::DimVector strides(zero_dim ? 0 : 1, 1);
  at::Tensor small = allocate(result_geometry(sizes, strides, tensor.scalar_type()), tensor.device());
  if (tensor.is_cpu()) {
    // Ones are true for bool and no zero for anything else, so that ATen has no division by zero to refuse.
    if (zero_dim)
      std::memcpy(small.mutable_data_ptr(), tensor.const_data_ptr(), tensor.element_size());
    else
      std::memset(small.mutable_data_ptr(), 1, static_cast<std::size_t>(count) * tensor.element_size());
  }
  if (zero_dim) small.unsafeGetTensorImpl()->set_wrapped_number(tensor.unsafeGetTensorImpl()->is_wrapped_number());
  return small;
}

}  // namespace gems::aten
