// OpRunner: runs the ops that compute one call of an overload together, and counts their compilations with it.
#pragma once

#include <c10/util/FunctionRef.h>

#include <cstdint>
#include <optional>
#include <span>

#include "gems/aten/serve.h"
#include "serve/call_counts.h"

namespace gems::aten {

class OpRunner {
 public:
  explicit OpRunner(CallCounts& counts) : counts_(counts) {}

  // As serve(). reduced: the dimensions that a rowwise op reduces, as in RowDims.
  std::optional<DeclineReason> operator()(const OpDef& op, std::span<const CallArgument> arguments,
                                          std::span<at::Tensor> results, std::uint64_t reduced = 0) {
    return serve({.op = &op,
                  .arguments = arguments,
                  .results = results,
                  .rows = {.reduced = reduced},
                  .compiles = &counts_.compiles,
                  .compile_us = &counts_.compile_us});
  }

 private:
  CallCounts& counts_;
};

// Computes one call. Nothing, or why ATen has to do it, and to write all results again.
using ComposedCall = c10::function_ref<std::optional<DeclineReason>(OpRunner&)>;

}  // namespace gems::aten
