// ResultsOf: what the kernel of an overload returns: Tensor, or Tensor& of a result that the caller gave, or tuples of
// them.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "gems/aten/serve.h"

namespace gems::aten {

template <class R>
struct ResultsOf {
  static constexpr std::size_t count = 1;
  static constexpr bool are_given = std::is_same_v<R, at::Tensor&>;
  static ResultTypes types(const R& result) { return {result.scalar_type()}; }

  // Those that the caller gave: all arguments of the call, of which they are the last ones, from `first` on.
  template <std::size_t first, class All>
  static void take_given(const All& all, std::array<at::Tensor, 1>& results) {
    if constexpr (are_given) results[0] = std::get<first>(all);
  }
  // What the kernel returns: the caller's own tensors, or those that were made.
  template <std::size_t first, class All>
  static R returned(const All& all, std::array<at::Tensor, 1>& made) {
    if constexpr (are_given)
      return std::get<first>(all);
    else
      return std::move(made[0]);
  }
};

template <class... R>
struct ResultsOf<std::tuple<R...>> {
  static constexpr std::size_t count = sizeof...(R);
  static constexpr bool are_given = (std::is_same_v<R, at::Tensor&> && ...);
  static ResultTypes types(const std::tuple<R...>& results) {
    return std::apply([](const auto&... each) { return ResultTypes{each.scalar_type()...}; }, results);
  }

  template <std::size_t first, class All>
  static void take_given(const All& all, std::array<at::Tensor, count>& results) {
    if constexpr (are_given)
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((results[I] = std::get<first + I>(all)), ...);
      }(std::make_index_sequence<count>());
  }
  template <std::size_t first, class All>
  static std::tuple<R...> returned(const All& all, std::array<at::Tensor, count>& made) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      if constexpr (are_given)
        return std::tuple<R...>(std::get<first + I>(all)...);
      else
        return std::tuple<R...>(std::move(made[I])...);
    }(std::make_index_sequence<count>());
  }
};

}  // namespace gems::aten
