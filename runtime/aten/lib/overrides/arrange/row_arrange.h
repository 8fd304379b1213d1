// How ATen's arguments become a rowwise op's operands and reduced dimensions. Named by rows of the table of reductions.
#pragma once

#include "overrides/override.h"
#include "overrides/row_call.h"

namespace gems::aten {

// row_arrange_reductions.cpp: those of a list, or all.
std::optional<DeclineReason> reduce_listed(const Override& override, RowCall& call);
// all.dims, any.dims: an empty list reduces nothing.
std::optional<DeclineReason> reduce_listed_or_none(const Override& override, RowCall& call);
// sum, mean, prod: dtype= where it is that of the result, or of the computation.
std::optional<DeclineReason> reduce_to_dtype(const Override& override, RowCall& call);
// logsumexp: ATen raises for an empty list, unless dimensions are kept or there are no elements.
std::optional<DeclineReason> reduce_some(const Override& override, RowCall& call);
// var, std: the degrees of freedom that are taken off.
std::optional<DeclineReason> reduce_with_correction(const Override& override, RowCall& call);
// linalg_vector_norm: the order chooses the op.
std::optional<DeclineReason> choose_by_order(const Override& override, RowCall& call);

// row_arrange_products.cpp: dot, vdot: two vectors of one length.
std::optional<DeclineReason> multiply_vectors(const Override& override, RowCall& call);

// row_arrange_softmax.cpp: one dimension.
std::optional<DeclineReason> along_dim(const Override& override, RowCall& call);
std::optional<DeclineReason> backward_along_dim(const Override& override, RowCall& call);

// row_arrange_norms.cpp: the last dimensions, as many as the shape has.
std::optional<DeclineReason> normalize_layer(const Override& override, RowCall& call);
std::optional<DeclineReason> normalize_rms(const Override& override, RowCall& call);
// Their gradients, where all are asked for.
std::optional<DeclineReason> normalize_layer_backward(const Override& override, RowCall& call);
std::optional<DeclineReason> normalize_rms_backward(const Override& override, RowCall& call);

}  // namespace gems::aten
