// Packs a call's geometry into words; declines what no plan can stand for.
#include "call_geometry.h"

#include <c10/core/DefaultDtype.h>
#include <c10/core/DispatchKeySet.h>

#include "gems/aten/dtype.h"
#include "memory_overlap.h"

namespace gems::aten {
namespace {

// The keys of a plain dense tensor on CPU or CUDA, with or without gradient. Any other (Python, Sparse, Quantized,
// Conjugate, ...) means that the bytes alone are not the value.
const std::uint64_t plain_keys =
    (c10::DispatchKeySet({c10::DispatchKey::CPU, c10::DispatchKey::CUDA, c10::DispatchKey::AutogradFunctionality,
                          c10::DispatchKey::ADInplaceOrView}) |
     c10::autocast_dispatch_keyset)
        .raw_repr();
const std::uint64_t lazy_keys =
    c10::DispatchKeySet({c10::DispatchKey::Conjugate, c10::DispatchKey::Negative}).raw_repr();

bool is_number(const at::Tensor& tensor) {
  const at::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  return impl->is_wrapped_number() && impl->is_cpu();
}

// 16, 4 or less: what OperandLayout::align_bytes distinguishes.
std::uint64_t alignment_class(const void* address) {
  const auto value = reinterpret_cast<std::uintptr_t>(address);
  return value % 16 == 0 ? 2 : value % 4 == 0 ? 1 : 0;
}

std::uint64_t head_word(std::uint64_t kind, DType dtype, std::int64_t rank, std::uint64_t alignment) {
  return kind | static_cast<std::uint64_t>(dtype) << 8 | static_cast<std::uint64_t>(rank) << 16 | alignment << 32;
}

// Room for a flag or number at every position, and the words at either end.
constexpr std::size_t WordsBesideTensors = 4 * MaxOperands + 8;

enum HeadKind : std::uint64_t { InMemory = 1, WrappedNumber, CpuScalar, Number, Flag, Allocated };

}  // namespace

std::optional<DeclineReason> CallGeometry::find_device(const Request& request) {
  bool has_tensor = false;
  bool has_cpu_dims = false;
  const auto look = [&](const at::Tensor& tensor, bool may_be_scalar) -> std::optional<DeclineReason> {
    const at::TensorImpl* impl = tensor.unsafeGetTensorImpl();
    const std::uint64_t keys = impl->key_set().raw_repr();
    if (keys & ~plain_keys)
      return keys & ~plain_keys & ~lazy_keys ? DeclineReason::TensorKind : DeclineReason::LazyBits;
    if (impl->named_tensor_meta() != nullptr) return DeclineReason::TensorKind;
    has_tensor = has_tensor || !is_number(tensor);
    const at::Device device = impl->device();
    if (device.is_cpu()) {
      has_cpu_dims = has_cpu_dims || impl->dim() > 0 || !may_be_scalar;
    } else if (device_.is_cpu()) {
      device_ = device;
    } else if (device_ != device) {
      return DeclineReason::Devices;
    }
    return std::nullopt;
  };
  for (const CallArgument& argument : request.arguments) {
    if (argument.kind != CallArgument::Kind::Tensor) continue;
    if (!argument.tensor->defined()) return DeclineReason::Arguments;
    if (auto reason = look(*argument.tensor, true)) return reason;
  }
  for (const at::Tensor& result : request.results)
    if (result.defined())
      if (auto reason = look(result, false)) return reason;
  if (!has_tensor) return DeclineReason::Arguments;
  if (!device_.is_cpu() && has_cpu_dims) return DeclineReason::Devices;
  return std::nullopt;
}

std::optional<DeclineReason> CallGeometry::add_tensor(const at::Tensor& tensor, const void* address) {
  const at::TensorImpl* impl = tensor.unsafeGetTensorImpl();
  const auto dtype = to_dtype(impl->dtype().toScalarType());
  if (!dtype) return DeclineReason::Dtype;
  const auto sizes = impl->sizes();
  const auto strides = impl->strides();
  if (count_ + 2 * sizes.size() + WordsBesideTensors > MaxWords) return DeclineReason::Rank;
  push(head_word(HeadKind::InMemory, *dtype, impl->dim(), alignment_class(address)));
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    push(static_cast<std::uint64_t>(sizes[d]));
    push(static_cast<std::uint64_t>(strides[d]));
  }
  return std::nullopt;
}

std::optional<DeclineReason> CallGeometry::add_number(const at::Tensor& tensor) {
  const auto dtype = to_dtype(tensor.scalar_type());
  const auto number = to_number(tensor);
  if (!dtype || !number) return DeclineReason::Dtype;
  push(head_word(is_number(tensor) ? HeadKind::WrappedNumber : HeadKind::CpuScalar, *dtype, 0, 0));
  numbers_[number_count_++] = *number;
  return std::nullopt;
}

// Which results are exactly an argument (safe: each element is read before it is written), and no other overlap.
std::optional<DeclineReason> CallGeometry::add_aliases(const Request& request) {
  std::uint64_t aliases = 0;
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    if (!request.results[r].defined()) continue;
    for (std::size_t i = 0; i < request.arguments.size(); ++i) {
      if (!in_memory_[i]) continue;
      switch (overlap_of(request.results[r], *request.arguments[i].tensor)) {
        case Overlap::None:
          break;
        case Overlap::Same:
          aliases |= std::uint64_t{1} << (r * MaxOperands + i);
          break;
        case Overlap::Partial:
          return DeclineReason::Overlap;
      }
    }
    for (std::size_t other = 0; other < r && !request.rules.disjoint_results; ++other)
      if (request.results[other].defined() && overlap_of(request.results[r], request.results[other]) != Overlap::None)
        return DeclineReason::Overlap;
  }
  push(aliases);
  return std::nullopt;
}

std::optional<DeclineReason> CallGeometry::collect(const Request& request) {
  if (auto reason = find_device(request)) return reason;
  push(reinterpret_cast<std::uintptr_t>(request.op));
  push(request.call_site | static_cast<std::uint64_t>(c10::get_default_dtype_as_scalartype()) << 32 |
       static_cast<std::uint64_t>(device_.type()) << 40 | static_cast<std::uint64_t>(device_.index() + 1) << 48);

  // Results first: a copy-on-write result gets its own memory now, before its address is read as an argument's.
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    const at::Tensor& result = request.results[r];
    if (!result.defined()) {
      push(HeadKind::Allocated);
      continue;
    }
    result_addresses_[r] = result.mutable_data_ptr();
    if (auto reason = add_tensor(result, result_addresses_[r])) return reason;
  }
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    const CallArgument& argument = request.arguments[i];
    switch (argument.kind) {
      case CallArgument::Kind::Tensor: {
        const at::Tensor& tensor = *argument.tensor;
        if (is_number(tensor) || (!device_.is_cpu() && tensor.is_cpu())) {
          if (auto reason = add_number(tensor)) return reason;
          break;
        }
        in_memory_[i] = true;
        const void* address = tensor.const_data_ptr();
        addresses_[address_count_++] = const_cast<void*>(address);
        if (auto reason = add_tensor(tensor, address)) return reason;
        break;
      }
      case CallArgument::Kind::Number: {
        const auto number = to_number(*argument.number);
        if (!number) return DeclineReason::Dtype;
        push(head_word(HeadKind::Number, number->dtype, 0, 0));
        numbers_[number_count_++] = *number;
        break;
      }
      case CallArgument::Kind::Flag: {
        push(HeadKind::Flag | static_cast<std::uint64_t>(argument.flag.kind) << 8);
        push(static_cast<std::uint64_t>(argument.flag.integer));
        const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(argument.flag.chars);
        push(halves[0]);
        push(halves[1]);
        break;
      }
    }
  }
  return add_aliases(request);
}

}  // namespace gems::aten
