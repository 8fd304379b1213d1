// Objects: reproducible, loadable more than once and from many threads, refused with a message when they are not
// objects.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <thread>

#include "Pipeline/CompileCpu.h"
#include "gems/dsl/error.h"
#include "kernels.h"

namespace gems::test {
namespace {

float run_one(CpuKernel kernel, float x) {
  float result = 0;
  char* const data[] = {reinterpret_cast<char*>(&x), reinterpret_cast<char*>(&result)};
  kernel(data, nullptr, nullptr, 1);
  return result;
}

}  // namespace

TEST_CASE("equal traces and layouts give equal objects") {
  const TraceGraph graph = trace_of(ScalarOp::Sin, DType::F32, DType::F32, DType::F32);
  const CpuObject first = compile_cpu(graph, contiguous(graph)), second = compile_cpu(graph, contiguous(graph));
  CHECK(first.name == second.name);
  CHECK(first.name == "gems_sin_f32");
  CHECK(first.bytes == second.bytes);
}

TEST_CASE("an object can be loaded again, also beside one of the same name") {
  const TraceGraph graph = trace_of(ScalarOp::Sqrt, DType::F32, DType::F32, DType::F32);
  TraceGraph other = trace_of(ScalarOp::Sin, DType::F32, DType::F32, DType::F32);
  other.op = graph.op;
  const CpuObject object = compile_cpu(graph, contiguous(graph));
  const CpuKernel first = load_cpu(object), second = load_cpu(object), third = kernel_of(other);
  CHECK(run_one(first, 9) == 3);
  CHECK(run_one(second, 16) == 4);
  CHECK(run_one(third, 0) == 0);
}

TEST_CASE("kernels are compiled and loaded by several threads at once") {
  std::vector<std::thread> threads;
  std::vector<int> right(4);
  for (std::size_t t = 0; t < right.size(); ++t)
    threads.emplace_back([&, t] {
      const ScalarOp ops[] = {ScalarOp::Exp, ScalarOp::Sin, ScalarOp::Tanh, ScalarOp::Erf};
      for (int i = 0; i < 5; ++i) {
        const float got = run_one(kernel_of(trace_of(ops[t], DType::F32, DType::F32, DType::F32)), 0);
        right[t] += got == (ops[t] == ScalarOp::Exp ? 1.0F : 0.0F);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == std::vector<int>{5, 5, 5, 5});
}

TEST_CASE("what is not an object is refused by name") {
  using Catch::Matchers::ContainsSubstring;
  const TraceGraph graph = trace_of(ScalarOp::Sqrt, DType::F32, DType::F32, DType::F32);
  CpuObject object = compile_cpu(graph, contiguous(graph));
  object.bytes.resize(100);
  CHECK_THROWS_WITH(load_cpu(object), ContainsSubstring(object.name) && ContainsSubstring("100 bytes"));
  CHECK_THROWS_AS(load_cpu({.name = "none", .bytes = {}}), Error);
  CHECK_THROWS_AS(load_cpu({.name = "text", .bytes = {'t', 'e', 'x', 't'}}), Error);
}

TEST_CASE("a layout of other operands is refused") {
  using Catch::Matchers::ContainsSubstring;
  const TraceGraph graph = trace_of(ScalarOp::Add, DType::F32, DType::F32, DType::F32);
  CpuLayout layout = contiguous(graph);
  layout.operands = {Step::Contiguous};
  CHECK_THROWS_WITH(compile_cpu(graph, layout), ContainsSubstring("op 'add'") && ContainsSubstring("has 2 tensors"));
}

TEST_CASE("the LLVM stage shows the kernel's function") {
  const TraceGraph graph = trace_of(ScalarOp::Add, DType::F32, DType::F32, DType::F32);
  const std::string text = cpu::llvmText(graph, contiguous(graph), cpu::hostTarget());
  CHECK(text.find("define void @" + compile_cpu(graph, contiguous(graph)).name + "(ptr") != std::string::npos);
  CHECK(text.find("fadd <") != std::string::npos);
}

TEST_CASE("the target names the processor and its features") {
  CHECK(cpu_target() == cpu_target());
  CHECK(cpu_target().find(' ') != std::string::npos);
}

}  // namespace gems::test
