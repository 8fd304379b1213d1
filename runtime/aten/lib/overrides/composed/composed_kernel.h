// ComposedKernel: as OverrideKernel, of the overloads that several ops compute one after the other.
#pragma once

#include <array>
#include <tuple>
#include <utility>

#include "overrides/kernel_frame.h"
#include "overrides/kernel_results.h"
#include "overrides/override.h"

namespace gems::aten {

// compute(run, results, arguments...): a ComposedCall of the arguments without the results that the caller gives; those
// are in `results`, where it puts the others.
template <class Schema, auto compute>
class ComposedKernel;

template <class R, class... A, auto compute>
class ComposedKernel<R(A...), compute> final : public KernelFrame<R(A...)> {
 public:
  using Results = ResultsOf<R>;

  using KernelFrame<R(A...)>::KernelFrame;

  R operator()(c10::DispatchKeySet keys, A... args) {
    const auto original = this->original(keys);
    if (!this->override_.is_on()) return original(std::forward<A>(args)...);

    const auto all = std::tie(args...);
    std::array<at::Tensor, Results::count> results;
    Results::template take_given<operand_count>(all, results);
    const auto call = [&](OpRunner& run) {
      return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return compute(run, std::span(results), std::get<I>(all)...);
      }(std::make_index_sequence<operand_count>());
    };
    if (!this->override_.serve(ComposedCall(call))) return original(std::forward<A>(args)...);
    return Results::template returned<operand_count>(all, results);
  }

 private:
  static constexpr std::size_t operand_count = sizeof...(A) - (Results::are_given ? Results::count : 0);
};

}  // namespace gems::aten
