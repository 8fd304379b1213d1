// Plans on the CPU: every way that operands can lie in memory gives what plain loops give; what is kept is kept.
#include "gems/runtime/plan.h"

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "call.h"
#include "gems/dsl/error.h"
#include "gems/runtime/cache.h"
#include "gems/runtime/counters.h"
#include "gems/runtime/settings.h"

using namespace gems;
using namespace gems::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

OpCall add_call(const TensorView& x, const TensorView& y, Argument alpha, const TensorView& out) {
  return {&op_named("add"), {tensor_argument(x), tensor_argument(y), alpha}, {out}, {}};
}

std::vector<float> random_values(Random& random, const Shaped& shaped) {
  std::vector<float> values(static_cast<std::size_t>(shaped.extent_elems()));
  for (float& value : values) value = static_cast<float>(pick(random, 2000) - 1000) / 8;
  return values;
}

}  // namespace

TEST_CASE("add over random shapes and strides gives what nested loops give, and writes nothing else") {
  for (unsigned seed = 0; seed < 600; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const auto shape = random_shape(random, 5, seed % 10 == 0 ? 24 : 4);
    const Shaped x = random_operand(random, shape);
    const Shaped y = random_operand(random, shape);
    const Shaped out = random_result(random, shape);
    std::vector<float> x_values = random_values(random, x);
    std::vector<float> y_values = random_values(random, y);
    std::vector<float> got = random_values(random, out);
    std::vector<float> expected = got;
    for_each_index(shape, [&](const std::vector<std::int64_t>& index) {
      expected[static_cast<std::size_t>(element_at(out, index))] =
          x_values[static_cast<std::size_t>(element_at(x, index))] +
          2 * y_values[static_cast<std::size_t>(element_at(y, index))];
    });
    run(add_call(x.view(x_values.data(), DType::F32), y.view(y_values.data(), DType::F32), number_argument(2.0),
                 out.view(got.data(), DType::F32))
            .request());
    REQUIRE(got == expected);
  }
}

TEST_CASE("work that is split over threads covers every element once") {
  for (const auto& [rows, columns] : {std::pair<int, int>{1, 1000003}, {1009, 997}, {400000, 3}}) {
    CAPTURE(rows, columns);
    // A row slice, so that the two dimensions stay two.
    Floats x({rows, columns});
    Floats y({rows, 1});
    Floats out({rows, columns});
    run(add_call(x.view(), y.view(), number_argument(1), out.view()).request());
    bool right = true;
    for (std::size_t i = 0; i < out.values.size(); ++i)
      right &= out.values[i] == x.values[i] + y.values[i / static_cast<std::size_t>(columns)];
    CHECK(right);
  }
}

TEST_CASE("a number of a call is a parameter of the launch, not of the plan") {
  Floats x({16});
  Floats out({16});
  const OpCall call = add_call(x.view(), x.view(), number_argument(1.0), out.view());
  const auto plan = make_plan(call.request());
  const std::vector<void*> tensors{x.values.data(), x.values.data(), out.values.data()};
  for (const double alpha : {0.5, -3.0}) {
    const std::vector<NumberValue> numbers{{.dtype = DType::F64, .integer = 0, .value = alpha}};
    launch(*plan, tensors, numbers, nullptr);
    CHECK(out.values[5] == x.values[5] + static_cast<float>(alpha) * x.values[5]);
  }
}

TEST_CASE("shapes of one layout share a variant") {
  const auto plan_for = [](std::int64_t n) {
    Floats x({n});
    Floats out({n});
    return make_plan(add_call(x.view(), x.view(), number_argument(1), out.view()).request());
  };
  plan_for(100);
  const auto compiles = counters().compiles + counters().disk_hits;
  plan_for(200);
  CHECK(counters().compiles + counters().disk_hits == compiles);
}

TEST_CASE("a loaded kernel outlives its entry in the cache") {
  const auto add_is_right = [](std::int64_t n) {
    Floats x({n});
    Floats out({n});
    run(add_call(x.view(), x.view(), number_argument(2), out.view()).request());
    return out.values.back() == 3 * x.values.back();
  };
  CHECK(add_is_right(40));
  clear_cache(settings().cache_dir);
  CHECK(list_cache(settings().cache_dir).empty());
  const auto before = counters();
  CHECK(add_is_right(40));
  CHECK(add_is_right(50));
  CHECK(counters().compiles == before.compiles);
  CHECK(counters().disk_misses == before.disk_misses);
}

TEST_CASE("a call of many dimensions that collapse is planned, and right") {
  const std::vector<std::int64_t> shape{2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1, 3, 1};
  Floats x(shape);
  Floats out(shape);
  const OpCall call = add_call(x.view(), x.view(), number_argument(1), out.view());
  run(call.request());
  CHECK(out.values[23] == 2 * x.values[23]);
  CHECK(is_planned(call.request()));
}

TEST_CASE("a call without elements plans and launches nothing") {
  Floats x({0, 3});
  Floats out({0, 3});
  Floats row({3});
  const OpCall call = add_call(x.view(), row.view(), number_argument(1), out.view());
  CHECK(is_planned(call.request()));
  const auto before = counters();
  run(call.request());
  launch(*make_plan(call.request()), std::vector<void*>{nullptr, nullptr, nullptr}, std::vector<NumberValue>(1),
         nullptr);
  CHECK(counters().compiles == before.compiles);
}

TEST_CASE("is_planned says whether a call would have to wait for a compile, and does not compile") {
  // f64: no other test of this process uses it, so the variant is not there yet.
  std::vector<double> x(8, 1.0);
  std::vector<std::int64_t> sizes{8};
  std::vector<std::int64_t> strides{1};
  const TensorView view{.data = x.data(), .dtype = DType::F64, .sizes = sizes, .strides = strides};
  const OpCall call{&op_named("mul"), {tensor_argument(view), tensor_argument(view)}, {view}, {}};
  const auto before = counters();
  CHECK_FALSE(is_planned(call.request()));
  CHECK(counters().compiles + counters().disk_hits == before.compiles + before.disk_hits);
}

TEST_CASE("an operand may be the result") {
  Floats x({1000});
  Floats y({1000});
  const std::vector<float> before = x.values;
  run(add_call(x.view(), y.view(), number_argument(1), x.view()).request());
  for (std::size_t i = 0; i < before.size(); ++i) REQUIRE(x.values[i] == before[i] + y.values[i]);
}

TEST_CASE("a 0-dim tensor is read from memory, or passed as a parameter when it is not in the device's memory") {
  Floats x({10});
  Floats scalar({});
  scalar.values[0] = 0.5f;
  Floats out({10});
  run(add_call(x.view(), scalar.view(), number_argument(1), out.view()).request());
  CHECK(out.values[3] == x.values[3] + 0.5f);

  OpCall call = add_call(x.view(), scalar.view(), number_argument(1), out.view());
  call.operands[1].what.in_memory = false;
  call.operands[1].number = {.dtype = DType::F64, .integer = 0, .value = 0.25};
  run(call.request());
  CHECK(out.values[3] == x.values[3] + 0.25f);
}

TEST_CASE("requests that make no sense are refused with op, operand and what was expected") {
  Floats x({4});
  Floats out({4});
  OpCall call = add_call(x.view(), x.view(), number_argument(1), out.view());
  const auto refuses = [](const OpCall& wrong, const std::string& text) {
    CHECK_THROWS_MATCHES(make_plan(wrong.request()), Error, MessageMatches(ContainsSubstring(text)));
  };
  OpCall few = call;
  few.operands.pop_back();
  refuses(few, "op 'add' takes 3 operands, given 2");
  OpCall tensor_alpha = call;
  tensor_alpha.operands[2] = tensor_argument(x.view());
  refuses(tensor_alpha, "op 'add': operand 2 'alpha' is a number, given a tensor");
  OpCall flag = call;
  flag.operands[0].what.kind = CallOperand::Kind::Flag;
  refuses(flag, "op 'add': operand 0 'x' is a tensor or a number, given a flag");
  OpCall no_result = call;
  no_result.results.clear();
  refuses(no_result, "op 'add' has 1 results, given 0");
  CHECK_THROWS_MATCHES(launch(*make_plan(call.request()), {}, {}, nullptr), Error,
                       MessageMatches(ContainsSubstring("was given 0 addresses and 0 numbers, expected 3 and 1")));
}

TEST_CASE("a host program's parallel loop replaces the threads") {
  static std::atomic<int> calls{0};
  calls = 0;
  set_parallel_for(
      [](std::int64_t count, std::int64_t grain, void* context, void (*fn)(void*, std::int64_t, std::int64_t)) {
        ++calls;
        CHECK(count * 4096 >= 1'000'000);
        CHECK(grain >= 1);
        for (std::int64_t i = 0; i < count; ++i) fn(context, i, i + 1);
      });
  Floats x({1'000'000});
  Floats out({1'000'000});
  run(add_call(x.view(), x.view(), number_argument(1), out.view()).request());
  set_parallel_for(nullptr);
  CHECK(calls == 1);
  CHECK(out.values[999'999] == 2 * x.values[999'999]);
}
