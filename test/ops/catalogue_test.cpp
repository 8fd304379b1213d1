// The catalogue's definitions on values where a wrong formula or promotion would show. Agreement with ATen on random
// values is tested against the installed PyTorch, in test/aten.
#include <array>
#include <cmath>
#include <complex>
#include <limits>

#include <catch2/catch_test_macros.hpp>

#include "elements.h"
#include "gems/dsl/error.h"
#include "gems/ops/activation.h"
#include "gems/ops/arithmetic.h"
#include "gems/ops/comparison.h"
#include "gems/ops/fused.h"
#include "gems/ops/logical.h"
#include "gems/ops/math.h"
#include "gems/ops/selection.h"

namespace gems {
namespace {

using namespace gems::ops;
using enum DType;
using test::integer;
using test::real;
using test::run;
using test::truth;
using Complex = std::complex<double>;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double at(const OpDef& op, std::vector<Element> elements, FlagValue flag = {}) {
  return run(op, elements, flag)[0].value.real();
}
bool near(Complex a, Complex b) { return std::abs(a - b) <= 1e-14 * std::abs(b); }

TEST_CASE("quick_gelu weighs by the logistic function of 1.702 x") {
  CHECK(at(quick_gelu_op, {real(F64, 0)}) == 0);
  CHECK(near(at(quick_gelu_op, {real(F64, 1)}), 1 / (1 + std::exp(-1.702))));
  CHECK(near(at(quick_gelu_op, {real(F64, -2)}), -2 / (1 + std::exp(3.404))));
  CHECK(at(quick_gelu_op, {real(F64, inf)}) == inf);
  CHECK(std::isnan(at(quick_gelu_op, {real(F64, nan)})));
}

TEST_CASE("relu_squared is 0 below 0, and keeps NaN") {
  CHECK(at(relu_squared_op, {real(F64, -3)}) == 0);
  CHECK(at(relu_squared_op, {real(F64, 3)}) == 9);
  CHECK(run(relu_squared_op, {integer(I32, 5)})[0].integer == 25);
  CHECK(at(relu_squared_op, {real(F64, -inf)}) == 0);
  CHECK(std::isnan(at(relu_squared_op, {real(F64, nan)})));
}

TEST_CASE("add on bool is or, mul is and, and sub is refused") {
  CHECK(run(add_op, {truth(true), truth(true), truth(true)})[0].integer == 1);
  CHECK(run(add_op, {truth(false), truth(true), truth(false)})[0].integer == 0);
  CHECK(run(mul_op, {truth(true), truth(false)})[0].integer == 0);
  CHECK(run(maximum_op, {truth(true), truth(false)})[0].integer == 1);
  CHECK(run(minimum_op, {truth(true), truth(false)})[0].integer == 0);
  CHECK_THROWS_AS(run(sub_op, {truth(true), truth(true), integer(I64, 1)}), Error);
}

TEST_CASE("add and sub scale their second operand") {
  CHECK(run(add_op, {integer(I32, 10), integer(I32, 3), integer(I64, 2)})[0].integer == 16);
  CHECK(run(sub_op, {integer(U8, 1), integer(U8, 3), integer(I64, 1)})[0].integer == 254);
  // One rounding at the end: 3 * 0.1 in f32 and then f16.
  CHECK(at(add_op, {real(F16, 2048), real(F16, 1), real(F64, 1)}) == 2048);
}

TEST_CASE("add, sub and their kin round the scaled sum once") {
  const double y = 1 + 0x1p-23, alpha = 1 - 0x1p-24;  // alpha * y is 1 + 2^-24 - 2^-47: no f32
  CHECK(at(add_op, {real(F32, -1), real(F32, y), real(F64, alpha)}) == 0x1p-24 - 0x1p-47);
  CHECK(at(sub_op, {real(F32, 1), real(F32, y), real(F64, alpha)}) == -0x1p-24 + 0x1p-47);
  CHECK(at(residual_scale_add_op, {real(F32, y), real(F32, -1), real(F64, alpha)}) == 0x1p-24 - 0x1p-47);
  CHECK(at(tanh_backward_op, {real(F32, 1), real(F32, 1 - 0x1p-13)}) == 0x1p-12 - 0x1p-26);
}

TEST_CASE("what ATen refuses is refused") {
  CHECK_THROWS_AS(run(sigmoid_backward_op, {integer(I32, 1), integer(I32, 1)}), Error);
  CHECK_THROWS_AS(run(tanh_backward_op, {truth(true), truth(true)}), Error);
  for (const char* approximate : {"none", "tanh"}) {
    CHECK_THROWS_AS(run(gelu_op, {real(C64, 1)}, approximate), Error);
    CHECK_THROWS_AS(run(gelu_backward_op, {integer(I8, 1), integer(I8, 1)}, approximate), Error);
  }
  CHECK_THROWS_AS(run(relu_op, {truth(true)}), Error);
  CHECK_THROWS_AS(run(neg_op, {truth(true)}), Error);
  CHECK_THROWS_AS(run(erf_op, {real(C64, 1)}), Error);
  CHECK_THROWS_AS(run(bitwise_and_op, {real(F32, 1), real(F32, 1)}), Error);
}

TEST_CASE("division by its three names") {
  const Element divided = run(div_op, {integer(I32, -7), integer(I32, 2)})[0];
  CHECK(divided.dtype == F32);
  CHECK(divided.value.real() == -3.5);
  CHECK(run(div_trunc_op, {integer(I32, -7), integer(I32, 2)})[0].integer == -3);
  CHECK(run(div_floor_op, {integer(I32, -7), integer(I32, 2)})[0].integer == -4);
  CHECK(at(div_floor_op, {real(F16, -7), real(F16, 2)}) == -4);
  CHECK(at(div_trunc_op, {real(BF16, -7), real(BF16, 2)}) == -3);
}

TEST_CASE("powers that are multiplied out") {
  CHECK(at(pow_multiplied_op, {real(F32, -3)}, 2) == 9);
  CHECK(at(pow_multiplied_op, {real(F32, -3)}, 3) == -27);
  CHECK(at(pow_multiplied_op, {real(F64, -4)}, -2) == 1.0 / 16);
  CHECK(run(pow_multiplied_op, {integer(I8, 7)}, 3)[0].integer == 343 - 256);
  CHECK(run(pow_multiplied_op, {truth(true)}, 3)[0].dtype == I64);
}

TEST_CASE("pow promotes bool to i64") {
  const Element power = run(pow_op, {truth(true), truth(false)})[0];
  CHECK(power.dtype == I64);
  CHECK(power.integer == 1);
  CHECK(run(pow_op, {integer(I16, -1), integer(I16, -3)})[0].integer == -1);
  CHECK(at(pow_op, {real(F64, 2), real(F64, 0.5)}) == std::sqrt(2.0));
}

TEST_CASE("abs of a complex number is real") {
  const Element modulus = run(abs_op, {real(C64, {3, 4})})[0];
  CHECK(modulus.dtype == F32);
  CHECK(modulus.value.real() == 5);
}

TEST_CASE("comparisons give bool, in the promoted dtype") {
  CHECK(run(eq_op, {integer(I64, (1L << 53) + 1), integer(I64, 1L << 53)})[0].integer == 0);
  CHECK(run(ge_op, {real(F16, nan), real(F16, nan)})[0].integer == 0);
  CHECK(run(ne_op, {real(C64, {1, 2}), real(C64, {1, 2})})[0].integer == 0);
  CHECK(run(lt_op, {truth(false), truth(true)})[0].integer == 1);
  CHECK(run(eq_op, {integer(I32, 2), integer(I32, 2)}, {}, {I32})[0].integer == 1);
}

TEST_CASE("maximum, minimum, clamp and relu carry NaN") {
  CHECK(std::isnan(at(maximum_op, {real(F32, nan), real(F32, 1)})));
  CHECK(std::isnan(at(relu_op, {real(BF16, nan)})));
  CHECK(at(relu_op, {real(BF16, -3)}) == 0);
  CHECK(run(relu_op, {integer(I8, -3)})[0].integer == 0);
  CHECK(std::isnan(at(clamp_op, {real(F32, nan), real(F32, 0), real(F32, 1)})));
  CHECK(at(clamp_op, {real(F32, 5), real(F32, 3), real(F32, 1)}) == 1);
  CHECK(at(clamp_min_op, {real(F32, -5), real(F32, 3)}) == 3);
  CHECK(at(clamp_max_op, {real(F32, 5), real(F32, 3)}) == 3);
  CHECK(run(clamp_min_op, {truth(false), truth(true)})[0].integer == 1);
  CHECK(run(clamp_max_op, {truth(true), truth(false)})[0].integer == 0);
}

TEST_CASE("isnan and isinf are false for integers") {
  CHECK(run(isnan_op, {integer(I32, 7)})[0].integer == 0);
  CHECK(run(isinf_op, {truth(true)})[0].integer == 0);
  CHECK(run(isinf_op, {real(C64, {1, -inf})})[0].integer == 1);
  CHECK(run(isnan_op, {real(F16, nan)})[0].integer == 1);
}

TEST_CASE("logical operations read any dtype as a truth") {
  CHECK(run(logical_and_op, {real(F32, 0.25), integer(I32, -2)})[0].integer == 1);
  CHECK(run(logical_or_op, {real(C64, {0, 0}), real(C64, {0, 1})})[0].integer == 1);
  CHECK(run(logical_not_op, {real(F16, nan)})[0].integer == 0);
  CHECK(run(logical_xor_op, {integer(U8, 2), integer(U8, 4)})[0].integer == 0);
  CHECK(run(bitwise_not_op, {truth(true)})[0].integer == 0);
  CHECK(run(bitwise_xor_op, {integer(I32, 6), integer(I32, 3)})[0].integer == 5);
}

TEST_CASE("where and masked_fill choose without computing") {
  // 2049 is no f16: promotion of the two sides, not of the condition, decides.
  CHECK(at(where_op, {real(F32, 0.5), real(F16, 2), real(F32, 2049)}) == 2);
  CHECK(at(where_op, {integer(U8, 0), real(F16, 2), real(F32, 2049)}) == 2049);
  CHECK(run(where_op, {truth(true), truth(true), truth(false)})[0].integer == 1);
  CHECK(run(masked_fill_op, {integer(U8, 7), truth(true), integer(I64, 300)})[0].integer == 44);
  CHECK(at(masked_fill_op, {real(F16, 7), truth(false), real(F64, -inf)}) == 7);
  CHECK(at(masked_fill_op, {real(F16, 7), truth(true), real(F64, -inf)}) == -inf);
}

TEST_CASE("copy converts to the dtype that the caller asks for") {
  CHECK(run(copy_op, {real(F32, -1.75)}, {}, {I32})[0].integer == -1);
  CHECK(run(copy_op, {integer(I64, 300)}, {}, {U8})[0].integer == 44);
  CHECK(run(copy_op, {real(F32, 1 + 0x1p-11)}, {}, {F16})[0].value.real() == 1);
}

TEST_CASE("gelu by erf and by tanh, with gradients that agree with differences") {
  CHECK(near(at(gelu_op, {real(F64, 1)}), 0.8413447460685429));
  CHECK(near(at(gelu_op, {real(F64, 1)}, "none"), 0.8413447460685429));
  CHECK(near(at(gelu_op, {real(F64, 1)}, "tanh"), 0.8411919906082768));
  for (const char* approximate : {"none", "tanh"}) {
    for (const double x : {-2.0, -0.3, 0.7, 3.0}) {
      const double step = 1e-5;
      const double difference =
          (at(gelu_op, {real(F64, x + step)}, approximate) - at(gelu_op, {real(F64, x - step)}, approximate)) /
          (2 * step);
      CAPTURE(approximate, x);
      CHECK(std::abs(at(gelu_backward_op, {real(F64, 2), real(F64, x)}, approximate) - 2 * difference) < 1e-9);
    }
  }
  CHECK_THROWS_AS(at(gelu_op, {real(F64, 1)}, "tan"), Error);
}

TEST_CASE("backward ops agree with the derivative, conjugated where ATen does") {
  const Complex g(1, -1), z(0.5, 0.25), one = 1;
  const Complex s = one / (one + std::exp(-z));
  CHECK(near(run(silu_op, {real(C128, z)})[0].value, z * s));
  CHECK(near(run(silu_backward_op, {real(C128, g), real(C128, z)})[0].value, g * s * (one + z * (one - s))));
  CHECK(near(run(sigmoid_backward_op, {real(C128, g), real(C128, z)})[0].value, g * std::conj((one - z) * z)));
  CHECK(near(run(tanh_backward_op, {real(C128, g), real(C128, z)})[0].value, g * std::conj(one - z * z)));
  CHECK(at(sigmoid_backward_op, {real(F64, 2), real(F64, 0.25)}) == 0.375);
  CHECK(at(tanh_backward_op, {real(F64, 2), real(F64, 0.5)}) == 1.5);
  CHECK(at(threshold_backward_op, {real(F32, 3), real(F32, 0), real(F64, 0)}) == 0);
  CHECK(at(threshold_backward_op, {real(F32, 3), real(F32, 1), real(F64, 0)}) == 3);
  CHECK(at(threshold_backward_op, {real(F32, 3), real(F32, nan), real(F64, 0)}) == 3);
}

TEST_CASE("functions of integers compute in the default dtype") {
  for (const OpDef* op :
       {&exp_op, &log_op, &sqrt_op, &rsqrt_op, &sin_op, &cos_op, &erf_op, &sigmoid_op, &tanh_op, &reciprocal_op}) {
    CAPTURE(op->name);
    CHECK(run(*op, {integer(I32, 1)})[0].dtype == F32);
    CHECK(run(*op, {truth(true)})[0].value == run(*op, {real(F32, 1)})[0].value);
  }
}

TEST_CASE("fused ops are the compositions that their names say") {
  const double x = 0.75, y = -1.5, grad = 2;
  const double s = 1 / (1 + std::exp(-x));
  CHECK(near(at(silu_and_mul_op, {real(F64, x), real(F64, y)}), x * s * y));
  const auto silu_grads = run(silu_and_mul_grad_op, {real(F64, x), real(F64, y), real(F64, grad)});
  CHECK(near(silu_grads[0].value, at(silu_backward_op, {real(F64, grad * y), real(F64, x)})));
  CHECK(near(silu_grads[1].value, grad * x * s));
  for (const char* approximate : {"none", "tanh"}) {
    const double gelu = at(gelu_op, {real(F64, x)}, approximate);
    CHECK(near(at(gelu_and_mul_op, {real(F64, x), real(F64, y)}, approximate), gelu * y));
    const auto grads = run(gelu_and_mul_grad_op, {real(F64, x), real(F64, y), real(F64, grad)}, approximate);
    CHECK(near(grads[0].value, at(gelu_backward_op, {real(F64, grad * y), real(F64, x)}, approximate)));
    CHECK(near(grads[1].value, grad * gelu));
    CHECK(
        near(at(bias_gelu_op, {real(F64, x), real(F64, 0.25)}, approximate), at(gelu_op, {real(F64, 1)}, approximate)));
  }
  CHECK(at(residual_scale_add_op, {real(F32, 3), real(F32, 10), real(F64, 0.5)}) == 11.5);
}

TEST_CASE("pairs turn by their angle, and back by its negative") {
  const std::vector<Element> pair{real(F64, 3), real(F64, 4), real(F64, 0.6), real(F64, 0.8)};
  const auto turned = run(rotate_pairs_op, pair, false);
  CHECK(near(turned[0].value, 3 * 0.6 - 4 * 0.8));
  CHECK(near(turned[1].value, 4 * 0.6 + 3 * 0.8));
  const auto back = run(rotate_pairs_op, pair, true);
  CHECK(near(back[0].value, 3 * 0.6 + 4 * 0.8));
  CHECK(near(back[1].value, 4 * 0.6 - 3 * 0.8));
}

TEST_CASE("packed pairs turn as others do") {
  struct Packed {
    const char* element;
    DType pair;
    std::uint64_t three_and_four, turned;  // the low bits hold the first
  };
  // 3 * 0.6 - 4 * 0.8 = -1.4 and 4 * 0.6 + 3 * 0.8 = 4.8, rounded.
  for (const Packed& packed : {Packed{"bf16", U32, 0x40804040, 0x409abfb3}, Packed{"f16", U32, 0x44004200, 0x44cdbd9a},
                               Packed{"f32", U64, 0x4080000040400000, 0x4099999abfb33333}}) {
    const TraceGraph graph =
        trace(rotate_interleaved_op, std::array{test::tensor(packed.pair), test::tensor(F64), test::tensor(F64),
                                                test::flag(packed.element), test::flag()});
    const auto turned =
        interpret(graph, std::array{integer(packed.pair, static_cast<std::int64_t>(packed.three_and_four)),
                                    real(F64, 0.6), real(F64, 0.8)});
    CHECK(static_cast<std::uint64_t>(turned[0].integer) == packed.turned);
    CHECK_THROWS_AS(trace(rotate_interleaved_op, std::array{test::tensor(I32), test::tensor(F32), test::tensor(F32),
                                                            test::flag(packed.element), test::flag()}),
                    Error);
  }
}

TEST_CASE("a step of Adam is the formula's, and its numbers keep their digits") {
  const double lr = 0.01, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, decay = 0.1, first = 1 - 0.9 * 0.9, second = 0.002;
  const double param = 2, grad = 0.5, mean = -0.25, square = 0.125;
  for (const bool decoupled : {false, true}) {
    const auto states =
        run(adam_step_op,
            {real(F64, param), real(F64, grad), real(F64, mean), real(F64, square), real(F64, lr), real(F64, beta1),
             real(F64, beta2), real(F64, eps), real(F64, decay), real(F64, first), real(F64, second)},
            decoupled);
    const double slope = decoupled ? grad : grad + decay * param;
    const double expected_mean = beta1 * mean + (1 - beta1) * slope;
    const double expected_square = beta2 * square + (1 - beta2) * slope * slope;
    const double step = lr / first * expected_mean / (std::sqrt(expected_square / second) + eps);
    CHECK(near(states[0].value, (decoupled ? param * (1 - lr * decay) : param) - step));
    CHECK(near(states[1].value, expected_mean));
    CHECK(near(states[2].value, expected_square));
  }
  // In f32 1 - 0.999 is off by 1e-5: it is taken in f64.
  const auto states = run(adam_step_op,
                          {real(F32, 0), real(F32, 1), real(F32, 0), real(F32, 0), real(F64, lr), real(F64, beta1),
                           real(F64, beta2), real(F64, eps), real(F64, 0), real(F64, 1), real(F64, 1)},
                          true);
  CHECK(states[2].value.real() == static_cast<float>(1 - beta2));
}

}  // namespace
}  // namespace gems
