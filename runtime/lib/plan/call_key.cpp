// Writes a call's geometry as words. See call_key.h.
#include "plan/call_key.h"

#include <bit>

namespace gems {
namespace {

bool add_tensor(CallKey& key, const TensorView& view, std::uint64_t what) {
  const std::size_t rank = view.sizes.size();
  if (rank > MaxKeyRank || view.strides.size() != rank) return false;
  // Only the low four bits of an address matter to a layout.
  const auto offset = reinterpret_cast<std::uintptr_t>(view.data) & 15;
  key.add(what | static_cast<std::uint64_t>(view.dtype) << 8 | static_cast<std::uint64_t>(offset) << 16 |
          static_cast<std::uint64_t>(rank) << 24);
  for (std::size_t d = 0; d < rank; ++d) {
    key.add(static_cast<std::uint64_t>(view.sizes[d]));
    key.add(static_cast<std::uint64_t>(view.strides[d]));
  }
  return true;
}

}  // namespace

bool make_call_key(const PlanRequest& request, CallKey& key) {
  if (request.operands.size() > MaxOperands || request.results.size() > MaxResults) return false;
  key.add(reinterpret_cast<std::uintptr_t>(request.op));
  key.add(static_cast<std::uint64_t>(request.device.kind) | static_cast<std::uint64_t>(request.default_dtype) << 8 |
          static_cast<std::uint64_t>(static_cast<std::uint32_t>(request.device.index)) << 32);
  std::uint64_t same_address = 0;
  unsigned pair = 0;
  for (const Argument& argument : request.operands) {
    const auto kind = static_cast<std::uint64_t>(argument.kind);
    switch (argument.kind) {
      case CallOperand::Kind::Flag:
        key.add(kind | static_cast<std::uint64_t>(argument.flag.kind) << 8);
        key.add(static_cast<std::uint64_t>(argument.flag.integer));
        for (const std::uint64_t word : std::bit_cast<std::array<std::uint64_t, 2>>(argument.flag.chars)) key.add(word);
        break;
      case CallOperand::Kind::Number:
        key.add(kind | static_cast<std::uint64_t>(argument.number.dtype) << 8);
        break;
      case CallOperand::Kind::ZeroDim:
        if (!argument.in_memory) {
          key.add(kind | static_cast<std::uint64_t>(argument.number_dtype) << 8 | 1ull << 40);
          break;
        }
        [[fallthrough]];
      case CallOperand::Kind::Tensor:
        if (!add_tensor(key, argument.tensor, kind)) return false;
        for (const TensorView& result : request.results)
          same_address |= static_cast<std::uint64_t>(result.data == argument.tensor.data) << pair++;
        break;
    }
  }
  for (const TensorView& result : request.results)
    if (!add_tensor(key, result, 0xff)) return false;
  key.add(same_address);
  return true;
}

}  // namespace gems
