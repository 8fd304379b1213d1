// gems::call on at::Tensors: numbers, flags, several results, results that are given, and what it refuses.
#include "gems/aten/call.h"

#include <ATen/ops/add.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/sum.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "gems/dsl/error.h"
#include "gems/ops/activation.h"
#include "gems/ops/arithmetic.h"
#include "gems/ops/comparison.h"
#include "gems/ops/fused.h"
#include "gems/ops/math.h"
#include "gems/ops/normalization.h"
#include "gems/ops/reduction.h"

namespace gems {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

TEST_CASE("a call broadcasts and keeps the layout that ATen gives") {
  const at::Tensor x = at::randn({5, 3, 4}).permute({1, 2, 0});
  const at::Tensor y = at::randn({4, 1});
  const at::Tensor result = call(ops::add_op, x, y, 2);
  const at::Tensor expected = at::add(x, y, 2);
  CHECK(at::equal(result, expected));
  CHECK(result.strides() == expected.strides());
}

TEST_CASE("a tensor operand takes a number on either side") {
  const at::Tensor x = at::arange(6);
  CHECK(at::equal(call(ops::add_op, x, 1.5, 1), at::add(x, 1.5)));
  CHECK(call(ops::sub_op, 7, x, 1).scalar_type() == at::kLong);
  CHECK(at::equal(call(ops::lt_op, 2, x), x.gt(2)));
}

TEST_CASE("numbers may change from call to call with the same plan") {
  const at::Tensor x = at::randn({100});
  for (const double number : {0.5, -2.0, 1e10}) CHECK(at::equal(call(ops::mul_op, x, number), x.mul(number)));
}

TEST_CASE("a flag is text and has its default") {
  const at::Tensor x = at::randn({64}, at::kDouble);
  CHECK(at::allclose(call(ops::gelu_op, x, "tanh"), at::gelu(x, "tanh"), 1e-12, 1e-14));
  CHECK(at::allclose(call(ops::gelu_op, x), at::gelu(x), 1e-12, 1e-14));
}

TEST_CASE("several results come back together") {
  const at::Tensor x = at::randn({7, 5}, at::kDouble);
  const at::Tensor y = at::randn({5}, at::kDouble);
  const at::Tensor grad = at::ones({7, 5}, at::kDouble);
  const auto [dx, dy] = call_all<2>(ops::silu_and_mul_grad_op, x, y, grad);
  CHECK(at::allclose(dy, at::silu(x), 1e-12, 1e-14));
  CHECK(dx.sizes() == x.sizes());
}

TEST_CASE("a given result keeps its dtype and may be an argument") {
  at::Tensor x = at::randn({10});
  const at::Tensor expected = at::add(x, x);
  at::Tensor wide = at::empty({10}, at::kDouble);
  call_into(wide, ops::add_op, x, x, 1);
  CHECK(at::equal(wide, expected.to(at::kDouble)));
  call_into(x, ops::add_op, x, x, 1);
  CHECK(at::equal(x, expected));
}

TEST_CASE("shapes that do not broadcast are named") {
  CHECK_THROWS_MATCHES(
      call(ops::mul_op, at::ones({3}), at::ones({4})), Error,
      MessageMatches(ContainsSubstring(
          "op 'mul': operand 0 'x' has shape [3], operand 1 'y' has shape [4]: they do not broadcast")));
}

TEST_CASE("a result that would lose a part of the values is refused") {
  at::Tensor whole = at::ones({3}, at::kInt);
  CHECK_THROWS_MATCHES(call_into(whole, ops::exp_op, at::ones({3})), Error,
                       MessageMatches(ContainsSubstring("op 'exp': result type Float can't be cast to Int")));
}

TEST_CASE("a wrong call names op and operand") {
  const at::Tensor x = at::ones({3});
  CHECK_THROWS_MATCHES(call(ops::add_op, x, x), Error,
                       MessageMatches(ContainsSubstring("op 'add': operand 2 'alpha' is missing")));
  CHECK_THROWS_MATCHES(call(ops::abs_op, x, x), Error,
                       MessageMatches(ContainsSubstring("2 arguments given, it has 1")));
  CHECK_THROWS_MATCHES(call(ops::silu_and_mul_grad_op, x, x, x), Error,
                       MessageMatches(ContainsSubstring("1 results asked for, it has 2")));
  at::Tensor small = at::ones({2});
  CHECK_THROWS_WITH(call_into(small, ops::abs_op, x),
                    ContainsSubstring("op 'abs': result 'out' has shape [2], the operands broadcast to [3]"));
}

TEST_CASE("a call of a rowwise op says which dimensions it reduces, or reduces the last") {
  const at::Tensor x = at::randn({3, 4, 5});
  CHECK(at::allclose(call(ops::sum_op, x), x.sum(at::IntArrayRef{-1}), 1e-5, 1e-5));
  CHECK(at::allclose(call(ops::sum_op, x, Along{{0, -1}}), x.sum(at::IntArrayRef{0, 2}), 1e-5, 1e-5));
  CHECK(at::allclose(call(ops::sum_op, x, Along{{1}, true}), x.sum(at::IntArrayRef{1}, true), 1e-5, 1e-5));
  CHECK(at::allclose(call(ops::sum_op, x, Along{{}}), x.sum(), 1e-5, 1e-5));
  const auto [y, mean, rstd] = call_all<3>(ops::layer_norm_op, x, std::nullopt, std::nullopt, 1e-5);
  CHECK(at::allclose(mean, x.mean(-1), 1e-5, 1e-6));
  CHECK_THROWS_WITH(
      call(ops::sum_op, x, Along{{3}}),
      ContainsSubstring("op 'sum': dim 3 is out of range: the elements have 3 dimensions; expected -3 to 2"));
  CHECK_THROWS_WITH(call(ops::sum_op, x, Along{{0, 0}}), ContainsSubstring("op 'sum': dim 0 is named twice"));
  CHECK_THROWS_WITH(call(ops::sum_op, Along{}, x), ContainsSubstring("op 'sum': Along is argument 0; give it behind"));
  CHECK_THROWS_WITH(call(ops::abs_op, x, Along{}), ContainsSubstring("op 'abs' is pointwise"));
}

TEST_CASE("partly overlapping memory is refused") {
  const at::Tensor base = at::ones({11});
  CHECK_THROWS_WITH(call_into(base.slice(0, 1), ops::abs_op, base.slice(0, 0, 10)),
                    ContainsSubstring("op 'abs': a result shares memory with an operand"));
}

}  // namespace
}  // namespace gems
