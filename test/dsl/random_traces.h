// Traces for tests of what reads traces: of the whole catalogue, and of bodies that nobody would write.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gems/dsl/op.h"
#include "gems/dsl/trace.h"

namespace gems::test {

// The call with every tensor of one dtype, numbers beside them and default flags, traced; nothing where the op refuses
// it.
std::optional<TraceGraph> uniform_trace(const OpDef& op, DType dtype);

// Every op of the catalogue with every dtype that it takes.
std::vector<TraceGraph> catalogue_traces();

// A body of some random operations, casts and literals on one to four random operands: the same one for the same seed.
TraceGraph random_trace(std::uint32_t seed);

}  // namespace gems::test
