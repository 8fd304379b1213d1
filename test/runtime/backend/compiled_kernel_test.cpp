// Keys and binaries of real kernels, without a GPU: the key covers every input; what is compiled once is found again.
#include "backend/compiled_kernel.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <set>

#include "cache_sample.h"
#include "cpu/cpu_backend.h"
#include "cuda/cuda_backend.h"
#include "gems/compiler/cpu.h"
#include "gems/compiler/cuda.h"
#include "gems/compiler/version.h"
#include "gems/ops/catalogue.h"
#include "gems/runtime/counters.h"
#include "nvrtc_library.h"

using namespace gems;
using namespace gems::test;
using Catch::Matchers::ContainsSubstring;

namespace {

TraceGraph add_trace(DType x, DType y, bool y_is_number = false, DType result = DType::F32) {
  const std::array<CallOperand, 3> operands{
      CallOperand{.kind = CallOperand::Kind::Tensor, .dtype = x},
      CallOperand{.kind = y_is_number ? CallOperand::Kind::Number : CallOperand::Kind::Tensor, .dtype = y},
      CallOperand{.kind = CallOperand::Kind::Number, .dtype = DType::I64}};
  const std::array<DType, 1> results{result};
  return trace(*ops::catalogue().find("add"), operands, results);
}

constexpr Layout flat{LayoutClass::Flat};

CpuLayout contiguous(const TraceGraph& graph) { return innermost_dimension(flat, tensor_counts(graph)); }

}  // namespace

TEST_CASE("changing any input of a kernel changes its key") {
  if (!find_nvrtc()) SKIP("no NVRTC on this machine");
  const TraceGraph graph = add_trace(DType::F32, DType::F32);
  const CudaTarget target{90};
  const Schedule schedule = choose_schedule(graph, flat, target);
  std::set<std::string> keys{cache_key(cuda_key_text(graph, flat, schedule, target)),
                             cache_key(cpu_key_text(graph, contiguous(graph)))};
  std::size_t expected = 2;
  const auto differs = [&](const TraceGraph& g, const Layout& l, const Schedule& s, CudaTarget t) {
    keys.insert(cache_key(cuda_key_text(g, l, s, t)));
    CHECK(keys.size() == ++expected);
  };
  differs(graph, flat, schedule, CudaTarget{80});
  for (const auto& field : FlatSchedule::fields) {
    auto changed = std::get<FlatSchedule>(schedule);
    changed.*field.value *= 2;
    differs(graph, flat, changed, target);
  }
  differs(graph, flat, GenericSchedule{}, target);

  for (const Layout& changed : {Layout{LayoutClass::Rows}, Layout{LayoutClass::GenericWide},
                                Layout{LayoutClass::Flat, 1}, Layout{LayoutClass::Flat, 0, 4}})
    differs(graph, changed, schedule, target);
  const auto differs_on_cpu = [&](const CpuLayout& changed) {
    keys.insert(cache_key(cpu_key_text(graph, changed)));
    CHECK(keys.size() == ++expected);
  };
  CpuLayout strided = contiguous(graph);
  strided.operands[1] = Step::Strided;
  differs_on_cpu(strided);
  CpuLayout strided_result = contiguous(graph);
  strided_result.results[0] = Step::Strided;
  differs_on_cpu(strided_result);
  CpuLayout along_rows = contiguous(graph);
  along_rows.walk = CpuWalk::Row;
  differs_on_cpu(along_rows);
  differs(add_trace(DType::F32, DType::F16), flat, schedule, target);
  differs(add_trace(DType::F32, DType::F32, false, DType::F64), flat, schedule, target);
  differs(add_trace(DType::F32, DType::F64, true), flat, schedule, target);
  TraceGraph other_body = graph;
  other_body.nodes.back().args[0] = 0;
  differs(other_body, flat, schedule, target);
}

TEST_CASE("the key text names the toolchain: format, generator, NVRTC and options, or LLVM and processor") {
  if (!find_nvrtc()) SKIP("no NVRTC on this machine");
  const TraceGraph graph = add_trace(DType::F32, DType::F32);
  const std::string format = "format " + std::to_string(CacheFormat) + "\n";
  const std::string generator = "generator " + std::string(generator_version()) + "\n";
  const std::string cuda = cuda_key_text(graph, flat, {}, {90});
  CHECK_THAT(cuda, ContainsSubstring("target sm_90\n") && ContainsSubstring("nvrtc " + nvrtc_build() + "\n") &&
                       ContainsSubstring(format) && ContainsSubstring(generator));
  for (const std::string_view option : nvrtc_options()) CHECK_THAT(cuda, ContainsSubstring(std::string(option)));
  CHECK_THAT(cpu_key_text(graph, contiguous(graph)),
             ContainsSubstring("target cpu " + cpu_target() + "\n") &&
                 ContainsSubstring("llvm " + std::string(llvm_version()) + "\n") && ContainsSubstring(format) &&
                 ContainsSubstring(generator));
}

TEST_CASE("keys are the same on every machine: the golden text, but for the toolchain's versions") {
  const TraceGraph graph = add_trace(DType::F32, DType::BF16);
  const std::string common = R"(op add
operand x tensor f32 as f32, position 0
operand y tensor bf16 as f32, position 1
operand alpha number f32 as f32, position 2
%0 = operand x : f32
%1 = operand y : f32
%2 = operand alpha : f32
%3 = fma %2, %1, %0 : f32
result out %3 as f32
)";
  const std::string format = "format 1\ngenerator <generator>\n";
  const auto without = [](std::string text, std::string_view version, std::string_view name) {
    const std::size_t at = text.find(version);
    REQUIRE(at != std::string::npos);
    return text.replace(at, version.size(), name);
  };
  std::string cpu = without(cpu_key_text(graph, contiguous(graph)), generator_version(), "<generator>");
  cpu = without(without(cpu, cpu_target(), "<processor>"), "llvm " + std::string(llvm_version()), "llvm <version>");
  CHECK(cpu ==
        "target cpu <processor>\nllvm <version>\n" + format + "layout contiguous contiguous -> contiguous\n" + common);
  CHECK(cache_key(cpu) == "4f91daaf9635d694a032a43747dcd1d2ac1b857bec1acc0e51194ff6b87fd9c2");

  if (!find_nvrtc()) SKIP("no NVRTC on this machine");
  const CudaTarget target{90};
  const FlatSchedule schedule{.width = 4, .unroll = 1, .threads = 256};
  std::string cuda = cuda_key_text(graph, flat, schedule, target);
  cuda = without(without(cuda, generator_version(), "<generator>"), nvrtc_build(), "<build>");
  CHECK(cuda ==
        "target sm_90\nnvrtc <build>\n"
        "options --std=c++17 --ftz=false --prec-div=true --prec-sqrt=true --fmad=true\n"
        "schedule family=flat width=4 unroll=1 threads=256 few=1\n" +
            format + "layout flat\n" + common);
  CHECK(cache_key(cuda) == "37fc944a2c2ddbc5fb0e9f21d64679fda8e93a73b53b24ed85734a4c8ae8b23f");
}

TEST_CASE("a CUDA kernel is compiled for its architecture once, and found on disk afterwards") {
  if (!find_nvrtc()) SKIP("no NVRTC on this machine");
  TemporaryDirectory dir;
  KernelCache cache({.dir = dir.path()});
  const TraceGraph graph = add_trace(DType::BF16, DType::BF16, false, DType::BF16);
  for (const int arch : {80, 90, 100}) {
    const CompiledKernel fresh = compiled_cuda(graph, flat, {arch}, cache);
    CHECK_FALSE(fresh.from_disk);
    CHECK(fresh.compile_us > 0);
    const CompiledKernel found = compiled_cuda(graph, flat, {arch}, cache);
    CHECK(found.from_disk);
    CHECK(found.binary == fresh.binary);
    CHECK(found.name == fresh.name);
    CHECK(found.schedule == choose_schedule(graph, flat, {arch}));
  }
  const std::vector<CacheFile> files = list_cache(dir.path());
  REQUIRE(files.size() == 3);
  for (const CacheFile& file : files) {
    REQUIRE(file.entry);
    CHECK(file.entry->op == "add");
    CHECK(file.entry->dtypes == "bf16 bf16 number:f32 -> bf16");
    CHECK_THAT(file.entry->source, ContainsSubstring("__global__") && ContainsSubstring(file.entry->kernel));
  }
}

TEST_CASE("a CPU kernel found on disk computes as the one that was compiled") {
  TemporaryDirectory dir;
  KernelCache cache({.dir = dir.path()});
  const TraceGraph graph = add_trace(DType::F32, DType::F32);
  CHECK_FALSE(compiled_cpu(graph, contiguous(graph), cache).from_disk);
  const CompiledKernel found = compiled_cpu(graph, contiguous(graph), cache);
  REQUIRE(found.from_disk);
  const CpuKernel kernel = load_cpu({.name = found.name, .bytes = found.binary});
  std::array<float, 3> x{1, 2, 3};
  std::array<float, 3> y{10, 20, 30};
  std::array<float, 3> out{};
  const float alpha = 2;
  const std::array<char*, 3> data{reinterpret_cast<char*>(x.data()), reinterpret_cast<char*>(y.data()),
                                  reinterpret_cast<char*>(out.data())};
  const std::array<std::int64_t, 3> strides{4, 4, 4};
  const std::array<const void*, 1> numbers{&alpha};
  kernel(data.data(), strides.data(), numbers.data(), 3);
  CHECK(out == std::array<float, 3>{21, 42, 63});
}
