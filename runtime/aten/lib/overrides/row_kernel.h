// RowKernel: as OverrideKernel, of the overloads that reduce dimensions: with lists, several results and out= forms of
// them.
#pragma once

#include <c10/util/DimVector.h>

#include <tuple>
#include <utility>
#include <vector>

#include "overrides/kernel_frame.h"
#include "overrides/kernel_results.h"
#include "overrides/override.h"
#include "overrides/row_call.h"

namespace gems::aten {

// What a list of an overload's arguments says: which dimensions, or their sizes. ATen is asked with small ones of
// those.
enum class RowList : std::uint8_t { Dims, Shape };

struct SmallShape {
  at::DimVector sizes;
  std::vector<c10::SymInt> symbols;
  operator at::IntArrayRef() const { return sizes; }
  operator c10::SymIntArrayRef() const { return symbols; }
};

inline SmallShape small_shape(at::IntArrayRef shape) {
  SmallShape small;
  for (const std::int64_t size : shape) {
    small.sizes.push_back(probe_size(size));
    small.symbols.emplace_back(probe_size(size));
  }
  return small;
}

template <RowList list>
at::Tensor probe_row_argument(const at::Tensor& value) {
  return probe_rows_like(value);
}
template <RowList list>
std::optional<at::Tensor> probe_row_argument(const std::optional<at::Tensor>& value) {
  if (!value || !value->defined()) return value;
  return probe_rows_like(*value);
}
template <RowList list>
  requires(list == RowList::Shape)
SmallShape probe_row_argument(const at::IntArrayRef& value) {
  return small_shape(value);
}
template <RowList list>
  requires(list == RowList::Shape)
SmallShape probe_row_argument(const c10::SymIntArrayRef& value) {
  return small_shape(C10_AS_INTARRAYREF_SLOW(value));
}
template <RowList list, class T>
const T& probe_row_argument(const T& value) {
  return value;
}

template <RowList list, class Schema>
class RowKernel;

template <RowList list, class R, class... A>
class RowKernel<list, R(A...)> final : public KernelFrame<R(A...)> {
 public:
  using Results = ResultsOf<R>;

  using KernelFrame<R(A...)>::KernelFrame;

  R operator()(c10::DispatchKeySet keys, A... args) {
    const auto original = this->original(keys);
    if (!this->override_.is_on()) return original(std::forward<A>(args)...);

    const auto aten_probe = [&]() -> ResultTypes {
      return
          [original](auto... small) { return Results::types(original(small...)); }(probe_row_argument<list>(args)...);
    };
    const auto all = std::tie(args...);
    RowCall call;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (call.take(std::get<I>(all)), ...);
    }(std::make_index_sequence<operand_count>());
    std::array<at::Tensor, Results::count> made;
    Results::template take_given<operand_count>(all, made);
    if (!this->override_.serve(call, made, aten_probe)) return original(std::forward<A>(args)...);
    return Results::template returned<operand_count>(all, made);
  }

 private:
  static constexpr std::size_t operand_count = sizeof...(A) - (Results::are_given ? Results::count : 0);
};

}  // namespace gems::aten
