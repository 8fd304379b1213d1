// Ranges: which steps of making a kernel an observer sees, in which order, and that nothing is made without one.
#include "process/range.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "call.h"

using namespace gems;
using namespace gems::test;

namespace {

std::vector<std::string> seen;
bool is_profiling = true;

void* begin(std::string_view name) {
  if (!is_profiling) return nullptr;
  seen.push_back("+" + std::string(name));
  return new std::string(name);
}

void end(void* range) {
  seen.push_back("-" + *static_cast<std::string*>(range));
  delete static_cast<std::string*>(range);
}

constexpr RangeObserver observer{.begin = begin, .end = end};

// Observes for the length of a test.
struct Observing {
  Observing() {
    seen.clear();
    is_profiling = true;
    set_range_observer(&observer);
  }
  ~Observing() { set_range_observer(nullptr); }
};

// Of a dtype for which no other test of this program makes the kernel.
void tanh_of(DType dtype) {
  const std::vector<std::int64_t> sizes{4};
  const std::vector<std::int64_t> strides{1};
  std::vector<double> x(4);
  std::vector<double> out(4);
  const TensorView operand{x.data(), dtype, sizes, strides};
  const OpCall call{&op_named("tanh"), {tensor_argument(operand)}, {{out.data(), dtype, sizes, strides}}, {}};
  run(call.request());
}

}  // namespace

TEST_CASE("looking up, compiling and loading are ranges, once for a kernel") {
  const Observing observing;
  tanh_of(DType::BF16);
  CHECK(seen == std::vector<std::string>{"+gems::look_up tanh", "-gems::look_up tanh", "+gems::compile tanh",
                                         "-gems::compile tanh", "+gems::load gems_tanh_bf16",
                                         "-gems::load gems_tanh_bf16"});
  seen.clear();
  tanh_of(DType::BF16);
  CHECK(seen.empty());
}

TEST_CASE("an observer that has nothing to profile is told of no end") {
  const Observing observing;
  is_profiling = false;
  tanh_of(DType::F16);
  CHECK(seen.empty());
}

TEST_CASE("without an observer no name is made") {
  set_range_observer(nullptr);
  bool asked = false;
  {
    const Range range([&] {
      asked = true;
      return std::string();
    });
  }
  CHECK_FALSE(asked);
}
