// Definitions of activation.h.
#include "gems/ops/activation.h"

#include <optional>

#include "gelu.h"
#include "gems/dsl.h"
#include "gems/ops/catalogue.h"

namespace gems::ops {

using namespace gems::dsl;

// Where a formula cancels (1 - output * output near 1), fma keeps the digits, as the contraction of ATen's builds does.

constexpr OpDef relu_op =
    pointwise({.name = "relu", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Real},
              [](Tensor x) { return max(x, 0); });

constexpr OpDef gelu_op = pointwise({.name = "gelu",
                                     .promotion_methods = {promote({0}, Default)},
                                     .names = {"x", "approximate"},
                                     .defaults = {std::nullopt, "none"},
                                     .choices = {{}, {"none", "tanh"}},
                                     .accepts = Domain::Float},
                                    [](Tensor x, Flag approximate) { return gelu(x, approximate); });

constexpr OpDef gelu_backward_op =
    pointwise({.name = "gelu_backward",
               .promotion_methods = {promote({0, 1}, Default)},
               .names = {"grad", "x", "approximate"},
               .defaults = {std::nullopt, std::nullopt, "none"},
               .choices = {{}, {}, {"none", "tanh"}},
               .accepts = Domain::Float},
              [](Tensor grad, Tensor x, Flag approximate) { return grad * gelu_derivative(x, approximate); });

constexpr OpDef silu_op =
    pointwise({.name = "silu", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::FloatOrComplex},
              [](Tensor x) { return x / (1 + exp(-x)); });

constexpr OpDef silu_backward_op = pointwise({.name = "silu_backward",
                                              .promotion_methods = {promote({0, 1}, Default)},
                                              .names = {"grad", "x"},
                                              .accepts = Domain::FloatOrComplex},
                                             [](Tensor grad, Tensor x) {
                                               const Expr s = 1 / (1 + exp(-x));
                                               if (is_complex(x.dtype())) return grad * s * (1 + x * (1 - s));
                                               return grad * s * fma(x, 1 - s, 1);
                                             });

constexpr OpDef sigmoid_op = pointwise({.name = "sigmoid", .promotion_methods = {promote({0}, IntToFloat)}},
                                       [](Tensor x) { return sigmoid(x); });

constexpr OpDef sigmoid_backward_op = pointwise({.name = "sigmoid_backward",
                                                 .promotion_methods = {promote({0, 1}, Default)},
                                                 .names = {"grad", "output"},
                                                 .accepts = Domain::FloatOrComplex},
                                                [](Tensor grad, Tensor output) {
                                                  if (is_complex(output.dtype()))
                                                    return grad * conj((1 - output) * output);
                                                  return grad * (1 - output) * output;
                                                });

constexpr OpDef tanh_op =
    pointwise({.name = "tanh", .promotion_methods = {promote({0}, IntToFloat)}}, [](Tensor x) { return tanh(x); });

constexpr OpDef tanh_backward_op = pointwise({.name = "tanh_backward",
                                              .promotion_methods = {promote({0, 1}, Default)},
                                              .names = {"grad", "output"},
                                              .accepts = Domain::FloatOrComplex},
                                             [](Tensor grad, Tensor output) {
                                               if (is_complex(output.dtype())) return grad * conj(1 - output * output);
                                               return grad * fma(-output, output, 1);
                                             });

// Hendrycks and Gimpel, "Gaussian Error Linear Units", section 2: the normal distribution by the logistic one.
constexpr OpDef quick_gelu_op =
    pointwise({.name = "quick_gelu", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Float},
              [](Tensor x) { return x * sigmoid(1.702 * x); });

// So et al., "Primer: Searching for Efficient Transformers for Language Modeling", section 3.
constexpr OpDef relu_squared_op = pointwise(
    {.name = "relu_squared", .promotion_methods = {promote({0}, Default)}, .accepts = Domain::Real}, [](Tensor x) {
      const Expr positive = max(x, 0);
      return positive * positive;
    });

void register_activation(Registry& registry) {
  for (const OpDef* op : {&relu_op, &gelu_op, &gelu_backward_op, &silu_op, &silu_backward_op, &sigmoid_op,
                          &sigmoid_backward_op, &tanh_op, &tanh_backward_op, &quick_gelu_op, &relu_squared_op})
    registry.add(*op);
}

}  // namespace gems::ops
