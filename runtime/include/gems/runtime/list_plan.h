// A pointwise op over lists of tensors, in one launch for many: what a call of the op does for one tensor of each of
// its operands and results is done for each entry of the lists. CUDA only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "gems/dsl/signature.h"
#include "gems/runtime/arguments.h"

namespace gems {

struct Variant;

// The kernel of all lists of one signature, loaded for the life of the process.
struct ListPlan {
  const Variant* variant = nullptr;
};

// Whether the device and its driver take the addresses of many tensors as parameters of one launch.
bool has_lists(const Device& device);

// Nothing when the kernel is not in memory. No lock.
std::optional<ListPlan> find_list_plan(const Signature& signature, const Device& device);
// Compiles or loads it, as make_plan does. Throws gems::Error.
ListPlan make_list_plan(const Signature& signature, const Device& device);

// tensors: of each entry, one after the other, the addresses of its operands in memory, then of its results; a result
// may be an operand. The tensors of an entry are dense in one order and have its number of elements, in counts, each
// more than 0. Entries that share memory have no order. numbers and stream: as in launch(). Throws gems::Error when the
// driver refuses a launch.
void launch(const ListPlan& plan, std::span<void* const> tensors, std::span<const std::int64_t> counts,
            std::span<const NumberValue> numbers, void* stream);

}  // namespace gems
