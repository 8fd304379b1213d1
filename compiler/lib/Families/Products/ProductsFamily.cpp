// The products family: schedule, parameters and launch of kernels that multiply a matrix, or two, with a few vectors.
// ProductsText.cpp prints them.
#include <fmt/format.h>

#include <algorithm>

#include "Families/row_shape.h"

namespace gems {
namespace {

// A thread has as many vectors of one matrix as of two together.
Schedule choose(const KernelFacts& facts, const tuning::Device&) {
  const auto is_factor = [](const Traffic& each) { return !each.is_result && each.extent == Extent::Element; };
  const auto factors = static_cast<int>(std::ranges::count_if(facts.traffic, is_factor));
  return ProductsSchedule{.width = tuning::AccessBytes / 2,
                          .vectors = tuning::ProductVectors / std::max(factors - 1, 1),
                          .warps = tuning::ProductWarps};
}

// Dimension 1 counts the rows of the matrix. How many warps share them follows from their length alone.
Blocks blocks(const Schedule& schedule, LayoutClass, const Geometry& geometry) {
  const auto& products = std::get<ProductsSchedule>(schedule);
  const std::int64_t groups = ceil_div(columns_of(geometry), products.vectors * tuning::ProductStep);
  return {.count = ceil_div(geometry.sizes[1], tuning::ProductRows) * geometry.sizes[3],
          .x = tuning::WarpThreads * std::clamp<std::int64_t>(groups, 1, products.warps),
          .rows = size_from(geometry, geometry.reduced_rank)};
}

std::string launch_text(const Schedule& schedule) {
  const auto& products = std::get<ProductsSchedule>(schedule);
  return fmt::format("block ({} * min({}, ceil(columns / {}))), grid ceil(size1 / {}) * size3", tuning::WarpThreads,
                     products.warps, products.vectors * tuning::ProductStep, tuning::ProductRows);
}

}  // namespace

constinit const KernelFamily products_family{choose, no_problem, row_parameters, blocks, launch_text};

}  // namespace gems
