// NVRTC compiles what the emitter prints, for every operation on every dtype and every family. Needs no GPU; skipped
// where there is no NVRTC.
#include <fmt/format.h>

#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "Cuda/Prelude.h"
#include "cuda_case.h"
#include "gems/compiler/row_layout.h"
#include "gems/dsl/error.h"
#include "gems/ops/catalogue.h"
#include "gems/ops/normalization.h"
#include "gems/ops/reduction.h"
#include "gems/runtime/nvrtc.h"
#include "row_case.h"
#include "trace_builder.h"

namespace gems::test {
namespace {

// Many kernels in one text, which compiles faster than one by one: every snippet once, then each body in a namespace.
std::string unite(const std::vector<CudaKernel>& kernels, CudaTarget target) {
  cuda::Prelude prelude(target);
  for (std::size_t i = 0; i < cuda::SnippetCount; ++i) prelude.use(static_cast<cuda::Snippet>(i));
  std::string text = prelude.text();
  for (std::size_t i = 0; i < kernels.size(); ++i)
    text += fmt::format(
        "\n#define {0} kernel{1}\n#define {0}_fold kernel{1}_fold\nnamespace in{1} {{\n{2}\n}}\n#undef {0}\n#undef "
        "{0}_fold\n",
        kernels[i].name, i, kernels[i].body);
  return text;
}

bool prepare_nvrtc() {
  add_nvrtc_search_path(GEMS_TEST_NVRTC_FOLDER);
  return has_nvrtc();
}

}  // namespace

TEST_CASE("NVRTC compiles every operation on every dtype") {
  if (!prepare_nvrtc()) SKIP("no NVRTC on this machine");
  const CudaTarget target{GENERATE(80, 90)};
  for (std::size_t d = 0; d < DTypeCount; ++d) {
    const auto dtype = static_cast<DType>(d);
    std::vector<CudaKernel> kernels;
    for (ScalarOp op : all_scalar_ops()) {
      if (!is_defined(op, dtype)) continue;
      const TraceGraph graph = single_op(op, dtype);
      // One element a thread: the vectors are compiled by the other tests.
      const FlatSchedule schedule{.width = 1, .unroll = 1, .threads = 256};
      kernels.push_back(emit_cuda(graph, Layout{}, target, schedule));
    }
    INFO(name(dtype) << " for sm_" << target.arch);
    CHECK_NOTHROW(compile_ptx(unite(kernels, target), "operations", target.arch));
  }
}

TEST_CASE("NVRTC compiles casts between all pairs of dtypes") {
  if (!prepare_nvrtc()) SKIP("no NVRTC on this machine");
  const CudaTarget target{GENERATE(80, 90)};
  std::vector<CudaKernel> kernels;
  for (std::size_t from = 0; from < DTypeCount; ++from)
    for (std::size_t to = 0; to < DTypeCount; ++to) {
      TraceBuilder trace("cast");
      trace.result(trace.cast(trace.tensor("x", static_cast<DType>(from)), static_cast<DType>(to)));
      const TraceGraph graph = trace.take();
      kernels.push_back(emit_cuda(graph, Layout{}, target));
    }
  for (const TraceGraph& graph : all_bit_casts()) kernels.push_back(emit_cuda(graph, Layout{}, target));
  CHECK_NOTHROW(compile_ptx(unite(kernels, target), "casts", target.arch));
}

TEST_CASE("NVRTC compiles each family to machine code, with only the prelude that the file brings") {
  if (!prepare_nvrtc()) SKIP("no NVRTC on this machine");
  const CudaTarget target{GENERATE(75, 80, 90)};
  for (DType dtype : {DType::F16, DType::BF16, DType::F32, DType::U8, DType::I64, DType::C64}) {
    const TraceGraph graph = scaled_sum(dtype, dtype, dtype);
    for (std::size_t cls = 0; cls < static_cast<std::size_t>(LayoutClass::RowHeld); ++cls)
      for (bool single : {false, true}) {
        Layout layout{static_cast<LayoutClass>(cls)};
        if (single) layout = last_single(layout.cls, graph);
        const CudaKernel kernel = emit_cuda(graph, layout, target);
        INFO(kernel.text);
        CHECK_NOTHROW(compile_ptx(kernel.text, kernel.name, target.arch));
      }
    const CudaKernel kernel = emit_cuda(graph, Layout{}, target);
    CHECK_NOTHROW(compile_cubin(kernel.text, kernel.name, target.arch));
  }
}

TEST_CASE("NVRTC compiles rowwise ops for each layout") {
  if (!prepare_nvrtc()) SKIP("no NVRTC on this machine");
  const CudaTarget target{GENERATE(80, 90, 120)};
  const std::vector<Layout> layouts{
      {LayoutClass::RowHeld, 0, 4},          {LayoutClass::RowHeld, 0, 8}, {LayoutClass::RowHeldUnaligned, 0, 4},
      {LayoutClass::RowHeldUnaligned, 0, 8}, {LayoutClass::RowStaged},     {LayoutClass::RowLooped},
      {LayoutClass::RowLoopedUnaligned},     {LayoutClass::RowGeneric}};
  for (const DType dtype : {DType::F32, DType::BF16, DType::I64, DType::C64}) {
    std::vector<CudaKernel> kernels;
    for (const OpDef* op : ops::rowwise_catalogue().all()) {
      TraceGraph graph;
      try {
        graph = row_trace(*op, {dtype});
      } catch (const Error&) {
        continue;  // not on this dtype
      }
      for (const Layout& layout : layouts)
        if (layout.cls != LayoutClass::RowStaged || is_staged(graph, target))
          kernels.push_back(emit_cuda(graph, layout, target));
    }
    INFO(name(dtype) << " for sm_" << target.arch);
    for (const Layout& layout : layouts) {
      if (!is_float(dtype) || layout.held == 8 || layout.cls == LayoutClass::RowStaged) continue;
      for (const PositionSet wanted : {PositionSet{1}, PositionSet{7}})
        kernels.push_back(emit_cuda(gradient_trace(ops::layer_norm_op, dtype, wanted), layout, target));
      kernels.push_back(emit_cuda(gradient_trace(ops::rms_norm_op, dtype, 3), layout, target));
    }
    CHECK_NOTHROW(compile_ptx(unite(kernels, target), "rows", target.arch));
  }
}

TEST_CASE("how long NVRTC takes for a kernel, beside an empty one", "[.benchmark]") {
  if (!prepare_nvrtc()) SKIP("no NVRTC on this machine");
  int run = 0;
  // NVRTC keeps what it has compiled, by its text.
  const auto compile = [&](const std::string& text) {
    return compile_cubin(fmt::format("{}\n// {}\n", text, run++), "kernel.cu", 90);
  };
  const auto text_of = [](const TraceGraph& graph) { return emit_cuda(graph, Layout{}, CudaTarget{90}).text; };
  const std::string sum = text_of(single_op(ScalarOp::Add, DType::BF16));
  const std::string erf = text_of(single_op(ScalarOp::Erf, DType::BF16));
  BENCHMARK("empty") { return compile("extern \"C\" __global__ void kernel() {}"); };
  BENCHMARK("x + y, bf16") { return compile(sum); };
  BENCHMARK("erf(x), bf16") { return compile(erf); };
}

}  // namespace gems::test
