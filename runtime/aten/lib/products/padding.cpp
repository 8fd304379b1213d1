// The sizes that a padded product has, and what must be copied for them.
#include "products/padding.h"

namespace gems::aten {

std::optional<Padding> padding_of(const Product& product) {
  const std::int64_t unit = ProductAlignment / product.element_bytes;
  const auto rounded = [unit](std::int64_t size, bool is_contiguous) {
    return is_contiguous ? (size + unit - 1) / unit * unit : size;
  };
  Padding padding;
  padding.m = rounded(product.m, !product.a.along_rows);
  padding.n = rounded(product.n, true);
  padding.k = rounded(product.k, product.a.along_rows || !product.b.along_rows);
  const bool pads_m = padding.m != product.m;
  const bool pads_n = padding.n != product.n;
  const bool pads_k = padding.k != product.k;
  const bool is_b_aligned = product.b.alignment == ProductAlignment;
  padding.copies_a = pads_m || pads_k || product.a.alignment != ProductAlignment;
  // The library's epilogue for an addend needs a result of one piece.
  padding.splits_n =
      pads_n && !pads_k && is_b_aligned && !product.b.along_rows && product.n > unit && product.addend_elements == 0;
  padding.copies_b = (pads_n && !padding.splits_n) || pads_k || !is_b_aligned;
  padding.buffers_result = pads_m || pads_n || product.result_alignment != ProductAlignment;
  padding.copies_result = padding.buffers_result && (product.is_result_given || pads_n || product.batch > 1);
  if (!padding.copies_a && !padding.copies_b && !padding.buffers_result) return std::nullopt;
  return padding;
}

}  // namespace gems::aten
