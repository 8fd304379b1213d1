// The generic family: schedule, parameters and launch of kernels for any strides. GenericText.cpp prints them.
#include <fmt/format.h>

#include "Families/Families.h"

namespace gems {
namespace {

Schedule choose(const KernelFacts&, const tuning::Device&) {
  return GenericSchedule{.unroll = tuning::GenericUnroll, .threads = tuning::BlockThreads};
}

std::vector<GeometryField> parameters(const Schedule&, const Layout& layout, TensorCounts tensors) {
  using Kind = GeometryField::Kind;
  const LayoutTraits& kind = traits(layout.cls);
  const FieldType offset = kind.is_wide ? FieldType::Wide : FieldType::Narrow;
  const FieldType size = kind.is_wide ? FieldType::Wide : FieldType::Divisor;
  std::vector<GeometryField> fields{{Kind::Count, offset}};
  for (int dim = 0; dim + 1 < kind.rank; ++dim) fields.push_back({Kind::Size, size, dim});
  add_strides(fields, offset, layout, tensors);
  return fields;
}

std::int64_t elements_of_block(const GenericSchedule& schedule) {
  return std::int64_t{schedule.threads} * schedule.unroll;
}

Blocks blocks(const Schedule& schedule, LayoutClass, const Geometry& geometry) {
  const auto& generic = std::get<GenericSchedule>(schedule);
  return {.count = ceil_div(size_from(geometry, 0), elements_of_block(generic)), .x = generic.threads};
}

std::string launch_text(const Schedule& schedule) {
  const auto& generic = std::get<GenericSchedule>(schedule);
  return fmt::format("block {}, grid ceil(count / {})", generic.threads, elements_of_block(generic));
}

}  // namespace

constinit const KernelFamily generic_family{choose, no_problem, parameters, blocks, launch_text};

}  // namespace gems
