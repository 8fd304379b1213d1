// RowKernel: as OverrideKernel, of the overloads that reduce dimensions: with lists, several results and out= forms of
// them.
#pragma once

#include <ATen/core/boxing/KernelFunction.h>
#include <c10/util/DimVector.h>

#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

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

// Of Tensor, Tensor& and tuples of them.
template <class R>
struct ResultsOf {
  static constexpr std::size_t count = 1;
  static constexpr bool are_given = std::is_same_v<R, at::Tensor&>;
  static ResultTypes types(const R& result) { return {result.scalar_type()}; }
  static R take(std::array<at::Tensor, 1>& made) { return std::move(made[0]); }
};
template <class... R>
struct ResultsOf<std::tuple<R...>> {
  static constexpr std::size_t count = sizeof...(R);
  static constexpr bool are_given = (std::is_same_v<R, at::Tensor&> && ...);
  static ResultTypes types(const std::tuple<R...>& results) {
    return std::apply([](const auto&... each) { return ResultTypes{each.scalar_type()...}; }, results);
  }
  static std::tuple<R...> take(std::array<at::Tensor, count>& made) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<R...>(std::move(made[I])...);
    }(std::make_index_sequence<count>());
  }
};

template <RowList list, class Schema>
class RowKernel;

template <RowList list, class R, class... A>
class RowKernel<list, R(A...)> final : public c10::OperatorKernel {
 public:
  using Original = R (*)(A...);
  using Results = ResultsOf<R>;

  RowKernel(Override& override, Original cpu, Original cuda) : override_(override), cpu_(cpu), cuda_(cuda) {}

  R operator()(c10::DispatchKeySet keys, A... args) {
    const Original original = keys.has_backend(c10::BackendComponent::CUDABit) ? cuda_ : cpu_;
    if (!override_.is_on()) return original(std::forward<A>(args)...);

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
    if constexpr (Results::are_given) for_each_given(all, [&](std::size_t r, at::Tensor& given) { made[r] = given; });
    if (!override_.serve(call, made, aten_probe)) return original(std::forward<A>(args)...);
    if constexpr (Results::are_given) {
      return given_results(all);
    } else {
      return Results::take(made);
    }
  }

 private:
  static constexpr std::size_t operand_count = sizeof...(A) - (Results::are_given ? Results::count : 0);

  template <class All, class Each>
  static void for_each_given(const All& all, const Each& each) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (each(I, std::get<operand_count + I>(all)), ...);
    }(std::make_index_sequence<Results::count>());
  }
  template <class All>
  static R given_results(const All& all) {
    if constexpr (std::is_same_v<R, at::Tensor&>) {
      return std::get<operand_count>(all);
    } else {
      return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return R(std::get<operand_count + I>(all)...);
      }(std::make_index_sequence<Results::count>());
    }
  }

  Override& override_;
  Original cpu_;
  Original cuda_;
};

}  // namespace gems::aten
