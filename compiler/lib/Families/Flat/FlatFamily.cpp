// The flat family: schedule, parameters and launch of kernels over one dense dimension. FlatText.cpp prints them.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "Families/Families.h"

namespace gems {
namespace {

int vectors_of_thread(const KernelFacts& facts, int width, const tuning::Device& device) {
  using namespace tuning;
  int read_bytes = 0;  // by one thread, for one vector
  for (const Traffic& traffic : facts.traffic)
    if (!traffic.is_result && !traffic.is_single) read_bytes += traffic.size_bytes * width;
  if (read_bytes == 0) return 1;
  const int wanted = device.bytes_in_flight / device.resident_threads;
  const int unroll = static_cast<int>(std::bit_ceil(static_cast<unsigned>(ceil_div(wanted, read_bytes))));
  // With two operands and more a second vector cost up to 8 % on an H200.
  const bool is_narrow =
      std::ranges::all_of(facts.traffic, [](const Traffic& traffic) { return traffic.size_bytes == 2; });
  const bool is_expensive = facts.divides || facts.max_cost >= ExpensiveCost;
  if (is_narrow && is_expensive && facts.max_cost < VeryExpensiveCost && read_bytes <= AccessBytes)
    return std::max(unroll, device.expensive_unroll);
  const int most = std::max(1, (facts.functions > 0 ? MostFunctionElements : MostElements) / width);
  return facts.max_cost >= VeryExpensiveCost ? most : std::min({unroll, most, MostUnroll});
}

// Whether one thread reads several accesses for a vector of results.
bool has_narrow_result(const KernelFacts& facts, int width) {
  const auto bytes = [&](const Traffic& traffic) { return traffic.size_bytes * width; };
  return std::ranges::any_of(facts.traffic, [&](const Traffic& traffic) {
    return !traffic.is_result && !traffic.is_single && bytes(traffic) > tuning::AccessBytes;
  });
}

int few_elements(const KernelFacts& facts, int width) {
  if (width == 1) return 1;
  if (facts.max_cost >= tuning::ExpensiveCost || facts.divides) return tuning::FewOfExpensiveBody;
  return has_narrow_result(facts, width) ? tuning::FewOfNarrowResult : 1;
}

Schedule choose(const KernelFacts& facts, const tuning::Device& device) {
  FlatSchedule schedule{.width = vector_width(facts), .threads = tuning::BlockThreads};
  schedule.unroll = vectors_of_thread(facts, schedule.width, device);
  if (facts.functions > 0 || (facts.divides && schedule.unroll > 1)) schedule.threads = device.threads;
  if (facts.max_cost >= tuning::VeryExpensiveCost) schedule.threads = tuning::ExpensiveBodyThreads;
  schedule.few = few_elements(facts, schedule.width);
  return schedule;
}

std::int64_t elements_of_block(const FlatSchedule& schedule) {
  return std::int64_t{schedule.threads} * schedule.width * schedule.unroll;
}

std::vector<GeometryField> parameters(const Schedule&, const Layout&, TensorCounts) { return {}; }

Blocks blocks(const Schedule& schedule, LayoutClass, const Geometry& geometry) {
  const auto& flat = std::get<FlatSchedule>(schedule);
  const std::int64_t elements = size_from(geometry, 0);
  const bool is_few = elements <= flat.few;
  return {.count = ceil_div(elements, is_few ? flat.threads : elements_of_block(flat)), .x = flat.threads};
}

std::string launch_text(const Schedule& schedule) {
  const auto& flat = std::get<FlatSchedule>(schedule);
  const std::string grid = fmt::format("block {}, grid ceil(n / {})", flat.threads, elements_of_block(flat));
  return flat.few == 1 ? grid : fmt::format("{}, of up to {} elements ceil(n / {})", grid, flat.few, flat.threads);
}

}  // namespace

constinit const KernelFamily flat_family{choose, no_problem, parameters, blocks, launch_text};

}  // namespace gems
