// The list family: schedule and launch of kernels over many tensors. ListText.cpp prints them; their last parameter is
// a ListTable.
#include <fmt/format.h>

#include "Families/Families.h"

namespace gems {
namespace {

Schedule choose(const KernelFacts& facts, const tuning::Device& device) {
  const bool is_expensive = facts.functions > 0 || facts.divides;
  return ListSchedule{.width = vector_width(facts),
                      .vectors = tuning::ListVectors,
                      .threads = is_expensive ? device.threads : tuning::BlockThreads};
}

std::vector<GeometryField> parameters(const Schedule&, const Layout&, TensorCounts) { return {}; }

// Of one entry.
Blocks blocks(const Schedule& schedule, LayoutClass, const Geometry& geometry) {
  const auto& list = std::get<ListSchedule>(schedule);
  return {.count = ceil_div(size_from(geometry, 0), list.elements()), .x = list.threads};
}

std::string launch_text(const Schedule& schedule) {
  const auto& list = std::get<ListSchedule>(schedule);
  return fmt::format("block {}, grid the sum of ceil(count / {}) over all entries", list.threads, list.elements());
}

}  // namespace

constinit const KernelFamily list_family{choose, no_problem, parameters, blocks, launch_text};

}  // namespace gems
