// OverrideKernel: the function that sits in ATen's dispatch table, for every overload of one C++ signature. Takes the
// arguments apart, offers the call to gems, else hands it to ATen's own kernel.
#pragma once

#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "overrides/kernel_frame.h"
#include "overrides/override.h"

namespace gems::aten {

inline CallArgument to_argument(const at::Tensor& value) { return CallArgument(value); }
inline CallArgument to_argument(const at::Scalar& value) { return CallArgument(value); }
inline CallArgument to_argument(bool value) { return CallArgument(FlagValue(value)); }
inline CallArgument to_argument(std::string_view value) { return CallArgument(FlagValue(value)); }
template <class T>
CallArgument to_argument(const std::optional<T>& value) {
  return value ? to_argument(*value) : CallArgument(FlagValue());
}

// A small tensor in the place of a tensor, anything else itself: what ATen is asked with.
inline at::Tensor probe_argument(const at::Tensor& value) { return probe_tensor_like(value); }
inline std::optional<at::Tensor> probe_argument(const std::optional<at::Tensor>& value) {
  return value ? std::optional(probe_tensor_like(*value)) : std::nullopt;
}
template <class T>
const T& probe_argument(const T& value) {
  return value;
}

template <class Schema>
class OverrideKernel;

template <class R, class... A>
class OverrideKernel<R(A...)> final : public KernelFrame<R(A...)> {
 public:
  static_assert(std::is_same_v<R, at::Tensor> || std::is_same_v<R, at::Tensor&>, "overloads with one result only");

  using KernelFrame<R(A...)>::KernelFrame;

  R operator()(c10::DispatchKeySet keys, A... args) {
    const auto original = this->original(keys);
    if (!this->override_.is_on()) return original(std::forward<A>(args)...);

    const auto aten_probe = [&]() -> ResultTypes {
      return {[original](auto... small) { return original(small...).scalar_type(); }(probe_argument(args)...)};
    };
    std::array arguments{to_argument(args)...};
    OverrideCall call{.arguments = std::span(arguments).first(operand_count)};
    if constexpr (std::is_same_v<R, at::Tensor>) {
      at::Tensor result;
      if (this->override_.serve(call, {&result, 1}, aten_probe)) return result;
    } else {
      at::Tensor& result = written(args...);
      if (this->override_.serve(call, {&result, 1}, aten_probe)) return result;
    }
    return original(std::forward<A>(args)...);
  }

 private:
  // The tensor that an in-place (first parameter) or out= (last parameter) overload writes: the one that is not const.
  static constexpr bool in_place = std::is_same_v<std::tuple_element_t<0, std::tuple<A...>>, at::Tensor&>;
  static constexpr bool into_out = !in_place && std::is_same_v<R, at::Tensor&>;
  static constexpr std::size_t operand_count = sizeof...(A) - into_out;

  static at::Tensor& written(A&... args) { return std::get<in_place ? 0 : sizeof...(A) - 1>(std::tie(args...)); }
};

}  // namespace gems::aten
