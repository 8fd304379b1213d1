// How ATen's arguments become a rowwise op's operands and reduced dimensions. Named by rows of the table of reductions.
#pragma once

#include "overrides/override.h"
#include "overrides/row_call.h"

namespace gems::aten {

// row_arrange_softmax.cpp: one dimension.
std::optional<DeclineReason> along_dim(const Override& override, RowCall& call);
std::optional<DeclineReason> backward_along_dim(const Override& override, RowCall& call);

// row_arrange_norms.cpp: the last dimensions, as many as the shape has.
std::optional<DeclineReason> normalize_layer(const Override& override, RowCall& call);
std::optional<DeclineReason> normalize_rms(const Override& override, RowCall& call);
// The gradients, where all are asked for.
std::optional<DeclineReason> normalize_layer_backward(const Override& override, RowCall& call);

}  // namespace gems::aten
