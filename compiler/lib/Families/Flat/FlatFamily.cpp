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
  if (is_narrow && facts.max_cost >= ExpensiveCost && facts.max_cost < VeryExpensiveCost && read_bytes <= AccessBytes)
    return std::max(unroll, device.expensive_unroll);
  const int most = std::max(1, (facts.functions > 0 ? MostFunctionElements : MostElements) / width);
  return facts.max_cost >= VeryExpensiveCost ? most : std::min({unroll, most, MostUnroll});
}

Schedule choose(const KernelFacts& facts, const tuning::Device& device) {
  FlatSchedule schedule{.width = vector_width(facts), .threads = tuning::BlockThreads};
  schedule.unroll = vectors_of_thread(facts, schedule.width, device);
  if (facts.functions > 0) schedule.threads = device.threads;
  if (facts.max_cost >= tuning::VeryExpensiveCost) schedule.threads = tuning::ExpensiveBodyThreads;
  return schedule;
}

std::int64_t elements_of_block(const FlatSchedule& schedule) {
  return std::int64_t{schedule.threads} * schedule.width * schedule.unroll;
}

std::vector<GeometryField> parameters(const Layout&, TensorCounts) { return {}; }

Blocks blocks(const Schedule& schedule, LayoutClass, const Geometry& geometry) {
  const auto& flat = std::get<FlatSchedule>(schedule);
  return {.count = ceil_div(size_from(geometry, 0), elements_of_block(flat)), .x = flat.threads};
}

std::string launch_text(const Schedule& schedule) {
  const auto& flat = std::get<FlatSchedule>(schedule);
  return fmt::format("block {}, grid ceil(n / {})", flat.threads, elements_of_block(flat));
}

}  // namespace

constinit const KernelFamily flat_family{choose, no_problem, parameters, blocks, launch_text};

}  // namespace gems
