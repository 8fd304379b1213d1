// rowwise(): makes an OpDef whose body also reduces rows. Which dimensions of its tensors are reduced, each call says.
//
//   constexpr OpDef rms_norm_op = rowwise({.name = "rms_norm", .promotion_methods = {promote({0, 1}, Default)},
//                                          .names = {"x", "weight", "eps"}},
//                                         [](Tensor x, Column weight, Scalar eps) {
//                                           return x * rsqrt(row_mean(x * x) + eps) * weight;
//                                         });
//
// A value has an extent (extent.h): a Tensor one value for each element, a Row one for each row, a Column one for each
// column, a Scalar one for the call. Arithmetic joins extents; a reduction takes what varies along the row to one value
// for the row. Results that do not vary along the row are tensors of the kept dimensions.
#pragma once

#include "gems/dsl/metadata.h"

namespace gems::dsl {

template <class Body>
constexpr OpDef rowwise(const Metadata& meta, Body body, const char* file = __builtin_FILE(),
                        int line = __builtin_LINE()) {
  OpDef op = detail::make_op(meta, body, file, line);
  op.is_rowwise = true;
  return op;
}

// What the reductions are, of NaN and of rows without elements too: reduce_ops.def.
Expr row_sum(Expr x);
Expr row_prod(Expr x);
Expr row_max(Expr x);
Expr row_min(Expr x);
// Whether one, or each, is not zero.
Expr row_any(Expr x);
Expr row_all(Expr x);
// How many are not zero, as i64.
Expr row_count(Expr x);
// row_sum(x) / row_length(), of floats and complex numbers.
Expr row_mean(Expr x);

// The index as i64: of the first NaN, else the lowest of those with the value.
Expr row_argmax(Expr x);
Expr row_argmin(Expr x);
struct ValueAndIndex {
  Expr value, index;
};
ValueAndIndex row_max_with_index(Expr x);
ValueAndIndex row_min_with_index(Expr x);

// variance: of the row as a whole population, squares / row_length(). squares: the sum of the squares of the distances
// from the mean.
struct Moments {
  Expr mean, variance, squares;
};
Moments row_moments(Expr x);

// The maximum, and the sum of exp(x - maximum).
struct ExpSum {
  Expr maximum, sum;
};
ExpSum row_exp_sum(Expr x);
// log of the sum of exp(x).
Expr row_logsumexp(Expr x);

// The number of elements of a row, and the index in it, as i64.
Expr row_length(Expr like);
Expr row_index(Expr like);
// The value of x at an index of its row, an integer for each row.
Expr pick(Expr x, Expr index);
// x as the result of that number stores it, in the dtype of x.
Expr round_to_result(Expr x, std::size_t result);

}  // namespace gems::dsl
