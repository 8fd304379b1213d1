// ProductKernel: as OverrideKernel, of mm, addmm, bmm, baddbmm and addmv, for CUDA: ATen's own product of padded
// operands, or a rowwise op, where that is faster.
#pragma once

#include <ATen/core/boxing/KernelFunction.h>

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>

#include "overrides/override.h"
#include "products/product_call.h"

namespace gems::aten {

template <class Schema, class Into>
class ProductKernel;

template <class R, class... A, class Into>
class ProductKernel<R(A...), Into> final : public c10::OperatorKernel {
 public:
  using Original = R (*)(A...);

  ProductKernel(Override& override, Original original, Into* into)
      : override_(override), original_(original), into_(into) {}

  R operator()(A... args) {
    if (!override_.is_on()) return original_(std::forward<A>(args)...);

    const auto all = std::tie(args...);
    const auto multiply = [&](const at::Tensor* addend, const at::Tensor& a, const at::Tensor& b, at::Tensor& out) {
      if constexpr (has_addend)
        into_(*addend, a, b, std::get<3>(all), std::get<4>(all), out);
      else
        into_(a, b, out);
    };
    constexpr std::size_t first = has_addend;
    ProductCall call{.a = &std::get<first>(all), .b = &std::get<first + 1>(all), .multiply = multiply};
    if constexpr (has_addend) {
      call.addend = &std::get<0>(all);
      call.beta = &std::get<3>(all);
      call.alpha = &std::get<4>(all);
    }
    if constexpr (std::is_same_v<R, at::Tensor>) {
      at::Tensor result;
      if (override_.serve(call, result)) return result;
    } else {
      at::Tensor& out = std::get<in_place ? 0 : sizeof...(A) - 1>(all);
      call.out = &out;
      at::Tensor result;
      if (override_.serve(call, result)) return out;
    }
    return original_(std::forward<A>(args)...);
  }

 private:
  // self, mat1, mat2, beta, alpha; in place or not, with a given result or not.
  static constexpr bool has_addend = sizeof...(A) >= 5;
  static constexpr bool in_place = std::is_same_v<std::tuple_element_t<0, std::tuple<A...>>, at::Tensor&>;

  Override& override_;
  Original original_;
  Into* into_;
};

}  // namespace gems::aten
