// Shapes by extent. See row_results.h.
#include "first_call/rows/row_results.h"

#include <c10/util/strides.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "first_call/broadcast.h"
#include "first_call/refusal_text.h"
#include "first_call/rows/row_shape.h"
#include "gems/aten/dtype.h"
#include "gems/dsl/error.h"
#include "gems/dsl/trace.h"
#include "gems/runtime/row_iteration_space.h"

namespace gems::aten {
namespace {

// The elements of a call: their shape, and which of its dimensions are reduced.
struct Elements {
  at::DimVector shape;
  std::uint64_t reduced = 0;

  at::DimVector shape_of(Extent extent, bool keepdim) const { return row_shape(shape, reduced, extent, keepdim); }
  // Nothing when the tensor has neither all dimensions nor those of its extent.
  std::optional<FullRank> full_rank(Extent extent, at::IntArrayRef sizes, at::IntArrayRef strides) const {
    if (sizes.size() == shape.size()) return FullRank{at::DimVector(sizes), at::DimVector(strides)};
    FullRank full;
    std::size_t next = 0;
    for (std::size_t d = 0; d < shape.size(); ++d) {
      const bool takes = varies_along(extent, reduced, d);
      if (takes && next == sizes.size()) return std::nullopt;
      full.sizes.push_back(takes ? sizes[next] : 1);
      full.strides.push_back(takes ? strides[next] : 1);
      next += takes;
    }
    if (next != sizes.size()) return std::nullopt;
    return full;
  }
};

std::string shape_text(at::IntArrayRef sizes) { return fmt::format("[{}]", fmt::join(sizes, ", ")); }

std::optional<Elements> elements_of(const Request& request) {
  Elements elements{.shape = {}, .reduced = request.rows.reduced};
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    if (request.arguments[i].kind != CallArgument::Kind::Tensor) continue;
    if (request.op->operands[i].kind != OperandKind::Tensor) continue;
    if (!broadcast(elements.shape, request.arguments[i].tensor->sizes())) return std::nullopt;
  }
  return elements;
}

// Rows and columns, with all dimensions.
std::optional<DeclineReason> view_operands(const Request& request, const CallGeometry& geometry,
                                           const Elements& elements, TensorViews& operands, FullRanks& ranks) {
  std::size_t next = 0;
  for (std::size_t i = 0; i < request.arguments.size(); ++i) {
    if (!geometry.in_memory(i)) continue;
    TensorView& operand = operands[next++];
    const OperandKind kind = request.op->operands[i].kind;
    if (kind != OperandKind::Row && kind != OperandKind::Column) continue;
    const Extent extent = kind == OperandKind::Row ? Extent::Row : Extent::Column;
    const at::Tensor& given = *request.arguments[i].tensor;
    std::optional<FullRank> full = elements.full_rank(extent, given.sizes(), given.strides());
    const bool fits = full && std::ranges::equal(full->sizes, elements.shape_of(extent, /*keepdim=*/true));
    if (!fits && !request.raise) return DeclineReason::AtenRaises;
    if (!fits)
      throw Error(row_shape_text(*request.op, i, shape_text(given.sizes()),
                                 shape_text(elements.shape_of(extent, /*keepdim=*/false)), shape_text(elements.shape)));
    const FullRank& kept = ranks.emplace_back(*std::move(full));
    operand.sizes = kept.sizes;
    operand.strides = kept.strides;
  }
  return std::nullopt;
}

// How a given result is written: as it is, or resized to the shape first. ATen warns when it resizes one that has
// elements.
enum class Fit : std::uint8_t { Written, Resized, Wrong };

Fit fit_of(const at::Tensor& given, const at::DimVector& shape) {
  if (given.sizes() == at::IntArrayRef(shape)) return Fit::Written;
  return given.numel() == 0 ? Fit::Resized : Fit::Wrong;
}

bool has_shared_elements(const at::Tensor& given) {
  for (std::int64_t d = 0; d < given.dim(); ++d)
    if (given.size(d) > 1 && given.stride(d) == 0) return true;
  return false;
}

// Whether kernels walk so many dimensions.
bool can_be_walked(const Request& request, const TraceGraph& graph, std::span<const TensorView> operands,
                   std::span<const TensorView> results) {
  std::vector<NamedTensor> read, written;
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor) read.push_back({operand.name, operands[read.size()], operand.extent});
  for (std::size_t r = 0; r < results.size(); ++r)
    written.push_back({graph.results[r].name, results[r], graph.results[r].extent});
  try {
    row_iteration_space(request.op->name, read, written, request.rows.reduced);
  } catch (const Error&) {
    return false;
  }
  return true;
}

}  // namespace

bool take_aten_dtypes(const Request& request, const ResultTypes& aten, ResolvedTypes& types) {
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    const auto dtype = to_dtype(aten[r]);
    if (!dtype) return false;
    const bool is_rounded =
        request.op->promotions[r].kind == PromotionKind::Accumulate && opmath_of(*dtype) == types.result[r];
    const bool is_truth = is_bool(types.result[r]) && *dtype == DType::U8;
    if (*dtype != types.result[r] && !is_rounded && !is_truth) return false;
    types.result[r] = *dtype;
  }
  return true;
}

std::optional<DeclineReason> add_row_results(const Request& request, const CallGeometry& geometry, const CallKind& kind,
                                             PlanEntry& entry, TensorViews& operands, FullRanks& ranks,
                                             TensorViews& results) {
  const std::optional<Elements> elements = elements_of(request);
  if (!elements && !request.raise) return DeclineReason::AtenRaises;
  if (!elements)
    throw Error(fmt::format("op '{}': {}: they do not broadcast; sizes must be equal or 1, counted from the last",
                            request.op->name, shapes_text(request)));
  if (static_cast<std::size_t>(std::bit_width(request.rows.reduced)) > elements->shape.size())
    throw Error(fmt::format("op '{}': dimension {} is to be reduced, the elements have shape {}; name one of theirs",
                            request.op->name, std::bit_width(request.rows.reduced) - 1, shape_text(elements->shape)));
  if (auto reason = view_operands(request, geometry, *elements, operands, ranks)) return reason;

  const TraceGraph& graph = kind.planner->trace();
  // The caching allocators align all memory alike: 16 bytes stand for the address that each call will get.
  void* const new_memory = reinterpret_cast<void*>(std::uintptr_t{1} << 20);
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    const Extent extent = graph.results[r].extent;
    const at::DimVector shape = elements->shape_of(extent, request.rows.keepdim && extent == Extent::Row);
    const at::Tensor& given = request.results[r];
    at::DimVector strides = c10::contiguous_strides(shape);
    void* address = new_memory;
    if (given.defined()) {
      const Fit fit = fit_of(given, shape);
      if (request.raise && fit != Fit::Written)
        throw Error(fmt::format("op '{}': result '{}' has shape {}, the call gives {}; give one of that shape",
                                request.op->name, result_name(*request.op, r), shape_text(given.sizes()),
                                shape_text(shape)));
      if (fit == Fit::Wrong) return DeclineReason::OutputShape;
      if (!request.raise && has_shared_elements(given)) return DeclineReason::AtenRaises;
      if (fit == Fit::Written) {
        strides = given.strides();
        address = geometry.result_address(r);
      } else {
        entry.resized |= static_cast<std::uint8_t>(1u << r);
      }
    }
    const DType dtype = given.defined() ? *to_dtype(given.scalar_type()) : kind.types.result[r];
    entry.results[r] = result_geometry(shape, strides, to_scalar_type(dtype));
    const FullRank& full = ranks.emplace_back(*elements->full_rank(extent, shape, strides));
    results.push_back({address, dtype, full.sizes, full.strides});
  }
  if (elements->shape.size() > static_cast<std::size_t>(MaxRowRank) && !request.raise &&
      !can_be_walked(request, graph, operands, results))
    return DeclineReason::Rank;
  return std::nullopt;
}

}  // namespace gems::aten
