// The public functions of gems::compiler that the runtime calls, as far as CPU calls need them. See
// stand_in_compiler.h.
#include "stand_in_compiler.h"

#include <chrono>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "gems/compiler/cpu.h"
#include "gems/compiler/cuda.h"
#include "gems/compiler/digest.h"
#include "gems/compiler/launch_geometry.h"
#include "gems/compiler/row_layout.h"
#include "gems/compiler/version.h"
#include "gems/dsl/error.h"

namespace gems {

test::StandIn test::stand_in;

namespace {

void multiply(char* const* data, const std::int64_t* strides, const void* const*, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    float x;
    float y;
    std::memcpy(&x, data[0] + i * strides[0], sizeof x);
    std::memcpy(&y, data[1] + i * strides[1], sizeof y);
    const float product = x * y;
    std::memcpy(data[2] + i * strides[2], &product, sizeof product);
  }
}

}  // namespace

CpuObject compile_cpu(const TraceGraph& graph, const CpuLayout&) {
  ++test::stand_in.compiles;
  std::this_thread::sleep_for(std::chrono::milliseconds(test::stand_in.compile_ms));
  if (test::stand_in.fails) throw Error(graph.op + ": the stand-in compiler was told to fail");
  test::stand_in.refuses_objects = false;
  const std::string text = "object of " + graph.op;
  return {.name = graph.op + "_kernel", .bytes = std::vector<char>(text.begin(), text.end())};
}

CpuKernel load_cpu(const CpuObject& object) {
  if (test::stand_in.refuses_objects || test::stand_in.refuses_always)
    throw Error(object.name + ": the stand-in compiler refuses this object");
  return &multiply;
}

// Not BLAKE3, but 256 bits that differ.
Digest digest(std::span<const std::byte> bytes) {
  Digest result{};
  std::array<std::uint64_t, 4> state{1, 2, 3, 4};
  for (const std::byte byte : bytes)
    for (std::size_t i = 0; i < state.size(); ++i)
      state[i] = (state[i] ^ std::to_integer<std::uint64_t>(byte)) * (0x100000001b3ull + 2 * i);
  std::memcpy(result.data(), state.data(), result.size());
  return result;
}

std::string to_hex(const Digest& digest) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string_view generator_version() { return test::stand_in.version.load(); }
std::string_view llvm_version() { return "none"; }
std::string cpu_target() { return "any"; }
std::string to_string(const CpuLayout& layout) {
  std::string text;
  for (const auto* list : {&layout.operands, &layout.results})
    for (const Step step : *list) text += std::to_string(static_cast<int>(step));
  return text;
}

// CUDA: never reached in these tests; the linker wants them.
std::string to_string(const Layout&) { return ""; }
std::string to_string(const Schedule&) { return ""; }
Schedule choose_schedule(const TraceGraph&, const Layout&, CudaTarget) { return {}; }
std::span<const std::string_view> nvrtc_options() { return {}; }
CudaKernel emit_cuda(const TraceGraph& graph, const Layout&, CudaTarget, const Schedule&) {
  throw Error(graph.op + ": the stand-in compiler knows no CUDA");
}
bool has_fold(const Schedule&) { return false; }
std::size_t shared_bytes(const Schedule&) { return 0; }
std::optional<RowSpace> row_space(const TraceGraph&, const Geometry&, std::span<const std::uintptr_t>, CudaTarget) {
  return {};
}
LaunchGeometry launch_geometry(const Schedule&, const Layout&, const Geometry&) { return {}; }

}  // namespace gems
