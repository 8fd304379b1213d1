// Every stage of the pipeline as text, for gems-codegen --stop-after and for people.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"
#include "gems/dsl/trace.h"

namespace gems {

// "pw"       the imported kernel, before any pass
// "resolve"  casts of promotion made explicit
// "schedule" layout and schedule attached, ready to emit
// "cuda"     the CUDA text
// "llvm"     LLVM IR of the CPU kernel for the innermost dimension
std::span<const std::string_view> stage_names();
std::string print_stage(const TraceGraph& graph, const Layout& layout, CudaTarget target, std::string_view stage);

// BLAKE3, 256 bits.
using Digest = std::array<std::uint8_t, 32>;
Digest digest(std::span<const std::byte> bytes);
std::string to_hex(const Digest& digest);

// Changes whenever the generator's own sources change (a digest made at build time), so that old cache entries miss.
std::string_view generator_version();
std::string_view llvm_version();

}  // namespace gems
