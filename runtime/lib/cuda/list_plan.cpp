// Finds the kernel of a list and launches it, as often as its entries do not fit into one launch.
#include "gems/runtime/list_plan.h"

#include <fmt/format.h>

#include <array>

#include "cuda/driver.h"
#include "gems/compiler/list_table.h"
#include "gems/dsl/error.h"
#include "gems/runtime/device.h"
#include "space/pack_number.h"
#include "variant/variant.h"

namespace gems {
namespace {

VariantKey key_of(const Signature& signature, const Device& device) {
  return {.signature = signature, .device = device, .layout = Layout{LayoutClass::List}};
}

}  // namespace

bool has_lists(const Device& device) {
  return device.kind == Device::Kind::Cuda && cuda_arch(device.index) >= 70 && driver::version() >= 12010;
}

std::optional<ListPlan> find_list_plan(const Signature& signature, const Device& device) {
  const Variant* variant = find_variant(key_of(signature, device));
  return variant ? std::optional(ListPlan{variant}) : std::nullopt;
}

ListPlan make_list_plan(const Signature& signature, const Device& device) {
  return {&find_or_make_variant(key_of(signature, device))};
}

void launch(const ListPlan& plan, std::span<void* const> tensors, std::span<const std::int64_t> counts,
            std::span<const NumberValue> numbers, void* stream) {
  const Variant& variant = *plan.variant;
  const std::size_t width = variant.operand_tensors + variant.results;
  if (tensors.size() != counts.size() * width || numbers.size() != variant.numbers) [[unlikely]]
    throw Error(fmt::format("{}: a list of {} entries was given {} addresses and {} numbers, expected {} and {}",
                            variant.name, counts.size(), tensors.size(), numbers.size(), counts.size() * width,
                            variant.numbers));
  const auto& schedule = std::get<ListSchedule>(variant.schedule);
  ListTable table(schedule, width);
  alignas(MaxNumberBytes) std::array<std::array<std::byte, MaxNumberBytes>, MaxOperands> values;
  std::array<void*, MaxOperands + 1> addresses;
  std::size_t next = 0;
  for (const KernelParameter& parameter : variant.parameters) {
    if (parameter.form == OperandForm::Tensor) continue;
    std::byte* value = values[parameter.index].data();
    pack_number(numbers[parameter.index], parameter.compute, value);
    addresses[next++] = value;
  }
  addresses[next++] = table.parameter();
  for (std::size_t entry = 0; entry < counts.size(); ++entry) {
    table.add(tensors.subspan(entry * width, width), counts[entry]);
    if (!table.is_full() && entry + 1 < counts.size()) continue;
    driver::launch(variant.kernel, {.grid_x = table.blocks(), .block_x = static_cast<unsigned>(schedule.threads)},
                   stream, addresses.data(), variant.name);
    table.clear();
  }
}

}  // namespace gems
