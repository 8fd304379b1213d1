// Random bodies: many operations of many dtypes in one trace, all of them exact, so that the emitted text, run as host
// C++, must give the interpreter's bits. Finds wrong precedence, missing casts and wrong folding.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <random>

#include "cuda_case.h"
#include "trace_builder.h"

namespace gems::test {
namespace {

bool is_exact(ScalarOp op, DType dtype) {
  switch (op) {
    case ScalarOp::Fma:  // the shim's fma is the library's: exact, but slow
    case ScalarOp::Nextafter:
    case ScalarOp::Copysign:  // the sign of a NaN is not specified
    case ScalarOp::Fmin:      // nor which zero wins
    case ScalarOp::Fmax:
    case ScalarOp::Min:
    case ScalarOp::Max:
      return is_integer(dtype);
    case ScalarOp::Div:  // of f16 and bf16, and of f32 that may become one of them, see docs/precision.md
    case ScalarOp::Sqrt:
    case ScalarOp::Reciprocal:
      return is_integral(dtype) || dtype == DType::F64;
    default:
      break;
  }
  if (is_complex(dtype))
    return op == ScalarOp::Add || op == ScalarOp::Sub || op == ScalarOp::Neg || op == ScalarOp::Eq ||
           op == ScalarOp::Ne || op == ScalarOp::Select || op == ScalarOp::Real || op == ScalarOp::Imag ||
           op == ScalarOp::Conj;
  if (is_integral(dtype)) return true;
  return op <= ScalarOp::Neg || op == ScalarOp::Select || (op >= ScalarOp::Eq && op <= ScalarOp::Abs) ||
         op == ScalarOp::Sqrt || op == ScalarOp::Reciprocal || (op >= ScalarOp::Floor && op <= ScalarOp::IsFinite) ||
         op == ScalarOp::Complex;
}

class RandomTrace {
 public:
  explicit RandomTrace(std::uint32_t seed) : random_(seed), trace_("random") {}

  TraceGraph make() {
    static constexpr DType storages[] = {DType::Bool, DType::U8,  DType::I8,   DType::I16, DType::I32,  DType::I64,
                                         DType::U16,  DType::U32, DType::U64,  DType::F16, DType::BF16, DType::F32,
                                         DType::F64,  DType::C64, DType::C128, DType::C32};
    static const char* const names[] = {"x", "y", "z", "w"};
    const std::size_t tensors = 1 + random_() % 4;
    for (std::size_t i = 0; i < tensors; ++i) {
      const DType storage = pick(storages);
      // Half of them compute in another dtype, as promotion would have it.
      const DType compute = random_() % 2 == 0 ? storage : opmath_of(storage);
      nodes_.push_back(random_() % 5 == 0 && i > 0 ? trace_.number(names[i], compute)
                                                   : trace_.tensor(names[i], storage, compute));
    }
    const std::size_t length = 4 + random_() % 16;
    const std::vector<ScalarOp> ops = all_scalar_ops();
    while (nodes_.size() < tensors + length) append(ops[random_() % ops.size()]);
    const std::size_t results = 1 + random_() % 3;
    for (std::size_t i = 0; i < results; ++i) trace_.result(nodes_[nodes_.size() - 1 - i]);
    return trace_.take();
  }

 private:
  template <class T, std::size_t N>
  T pick(const T (&values)[N]) {
    return values[random_() % N];
  }

  // A node of this dtype: an earlier one, one that is cast to it, or a literal.
  int node_of(DType dtype) {
    const int candidate = nodes_[random_() % nodes_.size()];
    if (trace_.dtype(candidate) == dtype) return candidate;
    if (random_() % 4 == 0) return trace_.literal(dtype, is_bool(dtype) ? 1 : static_cast<double>(random_() % 100));
    // Casts of floats to integers are exact only in range: through bool.
    const bool is_risky = is_integer(dtype) && !is_integral(trace_.dtype(candidate));
    return trace_.cast(is_risky ? trace_.cast(candidate, DType::Bool) : candidate, dtype);
  }

  void append(ScalarOp op) {
    const DType dtype = trace_.dtype(nodes_[random_() % nodes_.size()]);
    if (!is_defined(op, dtype) || !is_exact(op, dtype)) return;
    std::vector<int> args;
    for (int i = 0; i < arity(op); ++i) args.push_back(node_of(op == ScalarOp::Select && i == 0 ? DType::Bool : dtype));
    nodes_.push_back(trace_.add(op, args));
  }

  std::mt19937 random_;
  TraceBuilder trace_;
  std::vector<int> nodes_;
};

}  // namespace

TEST_CASE("emitted text of random bodies agrees with the interpreter bit by bit") {
  std::vector<CudaCase> cases;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    CudaCase test{.graph = RandomTrace(seed).make(), .layout = {}, .geometry = {}};
    test.geometry = flat_geometry(test.graph, 100);
    cases.push_back(std::move(test));
  }
  check_on_host(cases, 5);
}

}  // namespace gems::test
