// Products through padded operands: which are padded, what that is thought to cost, and, on CPU tensors, that the
// padded product is ATen's.
#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/addmm_cpu_dispatch.h>
#include <ATen/ops/addmv.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/baddbmm_cpu_dispatch.h>
#include <ATen/ops/bmm_cpu_dispatch.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm_cpu_dispatch.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/impl/alloc_cpu.h>
#include <c10/util/DimVector.h>
#include <c10/util/Flags.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "gems/aten/serve.h"
#include "overrides/arrange/row_arrange.h"
#include "overrides/override.h"
#include "overrides/row_call.h"
#include "products/padded_product.h"
#include "products/product_cost.h"
#include "products/thin_linear.h"
#include "products/thin_product.h"

C10_DECLARE_bool(caffe2_cpu_allocator_do_junk_fill);

namespace gems::aten {
namespace {

constexpr MatrixLayout Rows{};
constexpr MatrixLayout Columns{.along_rows = false};

TEST_CASE("a product of aligned matrices needs no padding") {
  CHECK(!padding_of({.m = 5, .n = 16, .k = 24}));
  CHECK(!padding_of({.m = 5, .n = 16, .k = 24, .b = Columns}));
  CHECK(!padding_of({.m = 8, .n = 16, .k = 24, .a = Columns}));
  CHECK(!padding_of({.m = 5, .n = 12, .k = 4, .element_bytes = 4}));
}

TEST_CASE("a size that is contiguous in no matrix is left as it is") {
  CHECK(!padding_of({.m = 7, .n = 16, .k = 24}));
  CHECK(!padding_of({.m = 8, .n = 16, .k = 23, .a = Columns, .b = Rows}));
  CHECK(padding_of({.m = 7, .n = 16, .k = 24, .a = Columns}));
  CHECK(padding_of({.m = 8, .n = 16, .k = 23, .a = Columns, .b = Columns}));
}

TEST_CASE("sizes grow to multiples of 16 bytes, and what has them is copied") {
  CHECK(padding_of({.m = 5, .n = 16, .k = 23}) ==
        Padding{.m = 5, .n = 16, .k = 24, .copies_a = true, .copies_b = true});
  CHECK(padding_of({.m = 5, .n = 15, .k = 24}) ==
        Padding{.m = 5, .n = 16, .k = 24, .copies_b = true, .buffers_result = true, .copies_result = true});
  CHECK(
      padding_of({.m = 5, .n = 15, .k = 23}) ==
      Padding{
          .m = 5, .n = 16, .k = 24, .copies_a = true, .copies_b = true, .buffers_result = true, .copies_result = true});
  CHECK(padding_of({.m = 5, .n = 14, .k = 24, .element_bytes = 4}) ==
        Padding{.m = 5, .n = 16, .k = 24, .copies_b = true, .buffers_result = true, .copies_result = true});
}

TEST_CASE(
    "rows alone that are too many are cut off without a copy, unless they are of a batch or go into a given result") {
  const Product product{.m = 7, .n = 16, .k = 24, .a = Columns};
  const Padding padding{.m = 8, .n = 16, .k = 24, .copies_a = true, .buffers_result = true};
  Padding copied = padding;
  copied.copies_result = true;
  CHECK(padding_of(product) == padding);
  Product batch = product;
  batch.batch = 2;
  CHECK(padding_of(batch) == copied);
  Product given = product;
  given.is_result_given = true;
  CHECK(padding_of(given) == copied);
}

TEST_CASE("an operand whose columns are contiguous is not copied for more columns") {
  CHECK(padding_of({.m = 5, .n = 17, .k = 24, .b = Columns}) ==
        Padding{.m = 5, .n = 24, .k = 24, .splits_n = true, .buffers_result = true, .copies_result = true});
  const Padding copied{.m = 5, .n = 24, .k = 24, .copies_b = true, .buffers_result = true, .copies_result = true};
  CHECK(padding_of({.m = 5, .n = 17, .k = 24, .b = Columns, .addend_elements = 17}) == copied);
  CHECK(padding_of({.m = 5, .n = 17, .k = 24, .b = {.along_rows = false, .alignment = 2}}) == copied);
}

TEST_CASE("unaligned addresses and strides are copied") {
  const MatrixLayout unaligned{.alignment = 8};
  CHECK(padding_of({.m = 5, .n = 16, .k = 24, .a = unaligned}) == Padding{.m = 5, .n = 16, .k = 24, .copies_a = true});
  CHECK(padding_of({.m = 5, .n = 16, .k = 24, .b = unaligned}) == Padding{.m = 5, .n = 16, .k = 24, .copies_b = true});
  CHECK(padding_of({.m = 5, .n = 16, .k = 24, .is_result_given = true, .result_alignment = 8}) ==
        Padding{.m = 5, .n = 16, .k = 24, .buffers_result = true, .copies_result = true});
}

bool is_padded(Product product, double memory_gbps) {
  const bool along_rows = product.a.along_rows;
  product.a.alignment = std::min<std::int64_t>((along_rows ? product.k : product.m) * product.element_bytes &
                                                   -((along_rows ? product.k : product.m) * product.element_bytes),
                                               ProductAlignment);
  const std::int64_t leading = (product.b.along_rows ? product.n : product.k) * product.element_bytes;
  product.b.alignment = std::min<std::int64_t>(leading & -leading, ProductAlignment);
  const auto padding = padding_of(product);
  return padding && is_worthwhile(product, *padding, {.memory_gbps = memory_gbps});
}

TEST_CASE("large products are padded, small ones and those that move more than they compute are not") {
  for (const double memory_gbps : {3352.0, 4917.0}) {
    CAPTURE(memory_gbps);
    CHECK(is_padded({.m = 8192, .n = 50257, .k = 768, .b = Columns}, memory_gbps));
    CHECK(is_padded({.m = 8192, .n = 768, .k = 50257}, memory_gbps));
    CHECK(is_padded({.m = 50257, .n = 768, .k = 8192, .a = Columns}, memory_gbps));
    CHECK(is_padded({.m = 4096, .n = 4095, .k = 4095, .b = Columns}, memory_gbps));
    CHECK(is_padded({.m = 8192, .n = 4092, .k = 4092, .b = Columns}, memory_gbps));
    CHECK(is_padded({.m = 4096, .n = 4095, .k = 4095, .element_bytes = 4, .b = Columns}, memory_gbps));
    CHECK(is_padded({.batch = 8, .m = 2047, .n = 2047, .k = 2047}, memory_gbps));
    CHECK(is_padded({.m = 16, .n = 50257, .k = 4096, .b = Columns}, memory_gbps));
    CHECK(is_padded({.m = 50257, .n = 4096, .k = 16, .a = Columns}, memory_gbps));
    CHECK(!is_padded({.m = 16, .n = 4096, .k = 50257}, memory_gbps));
    CHECK(!is_padded({.m = 1, .n = 50257, .k = 4096, .b = Columns}, memory_gbps));
    CHECK(!is_padded({.m = 512, .n = 511, .k = 511, .b = Columns}, memory_gbps));
    CHECK(!is_padded({.m = 128, .n = 127, .k = 127, .b = Columns}, memory_gbps));
    CHECK(!is_padded({.m = 64, .n = 4096, .k = 4095, .b = Columns}, memory_gbps));
    CHECK(!is_padded({.batch = 64, .m = 513, .n = 513, .k = 64}, memory_gbps));
    CHECK(!is_padded({.m = 8192, .n = 1, .k = 50257}, memory_gbps));
  }
}

// Results of the padded product and of ATen's are compared in f32, which the CPU computes in full.
class Comparison {
 public:
  Comparison() : allowed_(at::globalContext().allowTF32CuBLAS()), junk_(FLAGS_caffe2_cpu_allocator_do_junk_fill) {
    at::globalContext().setAllowTF32CuBLAS(true);
    // NaN where nothing was written.
    FLAGS_caffe2_cpu_allocator_do_junk_fill = true;
  }
  ~Comparison() {
    at::globalContext().setAllowTF32CuBLAS(allowed_);
    FLAGS_caffe2_cpu_allocator_do_junk_fill = junk_;
  }
  Comparison(const Comparison&) = delete;
  Comparison& operator=(const Comparison&) = delete;

 private:
  bool allowed_;
  bool junk_;
};

constexpr double Beta = 0.5;
constexpr double Alpha = 2;

// The padded product, undefined when it was refused or nothing needs a padding.
at::Tensor padded_product(const at::Tensor& a, const at::Tensor& b, const at::Tensor* addend = nullptr,
                          const at::Tensor* out = nullptr) {
  const auto multiply = [](const at::Tensor* added, const at::Tensor& x, const at::Tensor& y, at::Tensor& into) {
    if (added == nullptr)
      x.dim() == 2 ? at::cpu::mm_outf(x, y, into) : at::cpu::bmm_outf(x, y, into);
    else
      x.dim() == 2 ? at::cpu::addmm_outf(*added, x, y, Beta, Alpha, into)
                   : at::cpu::baddbmm_outf(*added, x, y, Beta, Alpha, into);
  };
  const ProductCall call{.addend = addend, .a = &a, .b = &b, .out = out, .multiply = multiply};
  Product product;
  if (describe(call, product)) return {};
  const auto padding = padding_of(product);
  if (!padding) return {};
  at::Tensor result;
  CallCounts counts;
  if (multiply_padded(call, product, *padding, result, counts)) return {};
  return result;
}

bool agree(const at::Tensor& given, const at::Tensor& expected) {
  const bool is_wide = expected.scalar_type() == at::kFloat;
  return given.defined() && given.sizes() == expected.sizes() && given.strides() == expected.strides() &&
         at::allclose(given.to(at::kFloat), expected.to(at::kFloat), is_wide ? 1e-4 : 2e-2, is_wide ? 1e-4 : 5e-2,
                      /*equal_nan=*/true);
}

// A matrix (of a batch) that lies as its name says.
struct Laid {
  const char* name;
  at::Tensor (*make)(at::IntArrayRef sizes, at::ScalarType dtype);
};

at::Tensor larger(at::IntArrayRef sizes, at::ScalarType dtype) {
  at::DimVector all(sizes);
  for (std::size_t d = sizes.size() - 2; d < sizes.size(); ++d) all[d] += 3;
  return at::randn(all, dtype);
}

const std::vector<Laid> layouts = {
    {"along rows", [](at::IntArrayRef sizes, at::ScalarType dtype) { return at::randn(sizes, dtype); }},
    {"along columns",
     [](at::IntArrayRef sizes, at::ScalarType dtype) {
       at::DimVector turned(sizes);
       std::swap(turned[sizes.size() - 2], turned[sizes.size() - 1]);
       return at::randn(turned, dtype).transpose(-2, -1);
     }},
    {"slice",
     [](at::IntArrayRef sizes, at::ScalarType dtype) {
       return larger(sizes, dtype).narrow(-1, 1, sizes.back()).narrow(-2, 2, sizes[sizes.size() - 2]);
     }},
    {"every other",
     [](at::IntArrayRef sizes, at::ScalarType dtype) {
       at::DimVector all(sizes);
       for (std::size_t d = sizes.size() - 2; d < sizes.size(); ++d) all[d] *= 2;
       return at::randn(all, dtype).slice(-1, 0, std::nullopt, 2).slice(-2, 0, std::nullopt, 2);
     }},
};

TEST_CASE("a padded product is ATen's, for all layouts and sizes") {
  const Comparison comparison;
  int padded = 0;
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16, at::kHalf})
    for (const Laid& of_a : layouts)
      for (const Laid& of_b : layouts)
        for (const std::int64_t k : {1, 7, 8, 9, 33})
          for (const auto& [m, n] : {std::pair{5, 7}, {16, 9}, {17, 16}, {1, 33}}) {
            INFO(c10::toString(dtype) << ' ' << m << 'x' << k << 'x' << n << ", " << of_a.name << ", " << of_b.name);
            const at::Tensor a = of_a.make({m, k}, dtype);
            const at::Tensor b = of_b.make({k, n}, dtype);
            const at::Tensor given = padded_product(a, b);
            if (given.defined()) CHECK(agree(given, at::matmul(a, b)));
            padded += given.defined();
            const at::Tensor as = of_a.make({3, m, k}, dtype);
            const at::Tensor bs = of_b.make({3, k, n}, dtype);
            const at::Tensor batch = padded_product(as, bs);
            if (batch.defined()) CHECK(agree(batch, at::matmul(as, bs)));
          }
  CHECK(padded > 700);  // of 960
}

TEST_CASE("a product over many elements is padded with zeros") {
  const Comparison comparison;
  const at::Tensor a = at::randn({9, 4095});
  const at::Tensor b = at::randn({4095, 17});
  CHECK(at::allclose(padded_product(a, b), at::matmul(a, b), 1e-3, 1e-3));
}

TEST_CASE("what is not finite stays in its row and column") {
  const Comparison comparison;
  at::Tensor a = at::randn({5, 7});
  at::Tensor b = at::randn({7, 9});
  a[1].fill_(std::numeric_limits<float>::infinity());
  a[3][6] = std::numeric_limits<float>::quiet_NaN();
  b.select(1, 8).fill_(-std::numeric_limits<float>::infinity());
  const at::Tensor given = padded_product(a, b);
  CHECK(agree(given, at::matmul(a, b)));
  CHECK(given[0].narrow(0, 0, 8).isfinite().all().item<bool>());
  CHECK(given[3].isnan().all().item<bool>());
}

TEST_CASE("an addend is broadcast from whatever it has") {
  const Comparison comparison;
  for (const auto& [m, n, k] : {std::tuple{5, 7, 8}, {17, 16, 7}, {6, 9, 11}, {1, 9, 8}})
    for (const at::DimVector& sizes : std::vector<at::DimVector>{{m, n}, {n}, {1, n}, {m, 1}, {1, 1}, {1}, {}})
      for (const Laid& of_a : {layouts[0], layouts[1]}) {
        INFO(m << 'x' << k << 'x' << n << ", " << of_a.name << ", addend of " << at::IntArrayRef(sizes));
        const at::Tensor a = of_a.make({m, k}, at::kFloat);
        const at::Tensor b = at::randn({k, n});
        const at::Tensor addend = at::randn(sizes);
        CHECK(agree(padded_product(a, b, &addend), at::addmm(addend, a, b, Beta, Alpha)));
        const at::Tensor expanded = addend.expand({m, n});
        CHECK(agree(padded_product(a, b, &expanded), at::addmm(addend, a, b, Beta, Alpha)));
        const at::Tensor as = of_a.make({2, m, k}, at::kFloat);
        const at::Tensor bs = at::randn({2, k, n});
        CHECK(agree(padded_product(as, bs, &addend), at::baddbmm(addend, as, bs, Beta, Alpha)));
      }
}

TEST_CASE("one matrix for all of a batch is copied once") {
  const Comparison comparison;
  const at::Tensor a = at::randn({1, 5, 7}).expand({3, 5, 7});
  const at::Tensor b = at::randn({3, 7, 9});
  CHECK(agree(padded_product(a, b), at::matmul(a, b)));
  CHECK(agree(padded_product(b.mT(), a.mT()), at::matmul(b.mT(), a.mT())));
}

TEST_CASE("a given result is written in place, and may be the addend") {
  const Comparison comparison;
  for (const auto& [m, n, k] : {std::tuple{5, 7, 8}, {5, 8, 7}, {5, 7, 9}}) {
    INFO(m << 'x' << k << 'x' << n);
    const at::Tensor a = at::randn({m, k});
    const at::Tensor b = at::randn({k, n});
    const at::Tensor out = at::empty({m, n});
    const at::Tensor given = padded_product(a, b, nullptr, &out);
    CHECK(given.is_same(out));
    CHECK(agree(out, at::matmul(a, b)));
    const at::Tensor sum = at::randn({m, n});
    const at::Tensor expected = at::addmm(sum, a, b, Beta, Alpha);
    CHECK(padded_product(a, b, &sum, &sum).is_same(sum));
    CHECK(agree(sum, expected));
    const at::Tensor behind = at::zeros({m * n + 2});
    const at::Tensor unaligned = behind.narrow(0, 1, m * n).view({m, n});
    CHECK(padded_product(a, b, nullptr, &unaligned).defined());
    CHECK(agree(unaligned, at::matmul(a, b)));
    CHECK(behind[0].item<float>() == 0);
    CHECK(behind[m * n + 1].item<float>() == 0);
  }
}

// The product as a rowwise op, undefined when it is not thin.
at::Tensor thin_product(const at::Tensor& a, const at::Tensor& b, const at::Tensor* addend = nullptr, double beta = 1,
                        const at::Tensor* out = nullptr) {
  const auto never = [](const at::Tensor*, const at::Tensor&, const at::Tensor&, at::Tensor&) {};
  const at::Scalar of_addend = beta;
  const at::Scalar alpha = Alpha;
  const ProductCall call{
      .addend = addend, .a = &a, .b = &b, .out = out, .beta = &of_addend, .alpha = &alpha, .multiply = never};
  Product product;
  at::Tensor result;
  CallCounts counts;
  if (describe(call, product) || !is_thin(call, product) || multiply_thin(call, product, result, counts)) return {};
  return result;
}

TEST_CASE("a product with a few vectors is a rowwise op where elements of both are contiguous along the sum") {
  const Comparison comparison;
  for (const at::ScalarType dtype : {at::kBFloat16, at::kHalf, at::kFloat})
    for (const std::int64_t few : {1, 3, 8, 9})
      for (const std::int64_t k : {1, 8, 77}) {
        INFO(c10::toString(dtype) << ' ' << few << " of " << k);
        const bool is_taken = dtype != at::kFloat && k == 8 && few <= 8;
        const at::Tensor x = at::randn({few, k}, dtype);
        const at::Tensor w = at::randn({33, k}, dtype);
        const at::Tensor row = at::randn({33}, dtype);
        const at::Tensor product = at::matmul(x, w.t());
        CHECK(thin_product(x, w.t()).defined() == is_taken);
        if (!is_taken) continue;
        CHECK(agree(thin_product(x, w.t()), product * Alpha));
        CHECK(agree(thin_product(w, x.t()), at::matmul(w, x.t()) * Alpha));
        CHECK(agree(thin_product(x, w.t(), &row, Beta), at::addmm(row, x, w.t(), Beta, Alpha)));
        const at::Tensor vector = x.select(0, 0);
        CHECK(agree(thin_product(w, vector, &row, Beta), at::addmv(row, w, vector, Beta, Alpha)));
        const at::Tensor nan = at::full({33}, std::numeric_limits<double>::quiet_NaN(), dtype);
        CHECK(agree(thin_product(w, vector, &nan, 0), at::mv(w, vector) * Alpha));
        const at::Tensor out = at::empty({few, 33}, dtype);
        CHECK(thin_product(x, w.t(), nullptr, 1, &out).is_same(out));
        CHECK(agree(out, product * Alpha));
      }
  CHECK(!thin_product(at::randn({2, 33}, at::kHalf), at::randn({33, 40}, at::kHalf)).defined());
}

TEST_CASE("a batch of such products is one rowwise op, where each pair has a matrix of its own") {
  const Comparison comparison;
  for (const at::ScalarType dtype : {at::kBFloat16, at::kHalf})
    for (const std::int64_t few : {1, 3, 8}) {
      INFO(c10::toString(dtype) << ' ' << few);
      const at::Tensor x = at::randn({5, few, 128}, dtype);
      const at::Tensor w = at::randn({5, 33, 128}, dtype);
      const at::Tensor product = at::matmul(x, w.mT());
      CHECK(agree(thin_product(x, w.mT()), product * Alpha));
      CHECK(agree(thin_product(w, x.mT()), at::matmul(w, x.mT()) * Alpha));
      for (const at::DimVector& sizes :
           std::vector<at::DimVector>{{5, few, 33}, {5, 1, 33}, {few, 1}, {33}, {5, few, 1}, {}}) {
        const at::Tensor addend = at::randn(sizes, dtype);
        CHECK(agree(thin_product(x, w.mT(), &addend, Beta), at::baddbmm(addend, x, w.mT(), Beta, Alpha)));
      }
      const at::Tensor heads = at::randn({few, 5, 128}, dtype).transpose(0, 1);
      CHECK(agree(thin_product(heads, w.mT()), at::matmul(heads, w.mT()) * Alpha));
      const at::Tensor out = at::empty({5, few, 33}, dtype);
      CHECK(thin_product(x, w.mT(), nullptr, 1, &out).is_same(out));
      CHECK(agree(out, product * Alpha));
      CHECK(!thin_product(x, w.narrow(0, 0, 1).expand({5, 33, 128}).mT()).defined());
      CHECK(!thin_product(x.narrow(0, 0, 1).expand({5, few, 128}), w.mT()).defined());
      CHECK(thin_product(x.narrow(0, 0, 1), w.narrow(0, 0, 1).mT()).defined());
    }
  // A block has eight rows of one matrix.
  CHECK(!thin_product(at::randn({3, 2, 128}, at::kHalf), at::randn({3, 7, 128}, at::kHalf).mT()).defined());
  CHECK(!thin_product(at::randn({3, 9, 128}, at::kHalf), at::randn({3, 9, 128}, at::kHalf).mT()).defined());
  CHECK(!thin_product(at::randn({3, 2, 128}, at::kHalf), at::randn({3, 128, 40}, at::kHalf)).defined());
  // Short rows are faster one after the other.
  CHECK(!thin_product(at::randn({3, 2, 64}, at::kHalf), at::randn({3, 40, 64}, at::kHalf).mT()).defined());
  // Pairs that do not begin at multiples of 16 bytes.
  const at::Tensor apart = at::randn({3, 2564}, at::kHalf).as_strided({3, 20, 128}, {2564, 128, 1});
  CHECK(!thin_product(at::randn({3, 2, 128}, at::kHalf), apart.mT()).defined());
}

// dot as its override serves it, undefined when it is ATen's.
at::Tensor vector_product(const at::Tensor& x, const at::Tensor& y) {
  static Override override("dot", {.op = "dot_rows", .rules = {}, .row_arrange = multiply_vectors}, 0);
  const auto aten_probe = [&]() -> ResultTypes {
    return {at::dot(probe_rows_like(x), probe_rows_like(y)).scalar_type()};
  };
  RowCall call;
  call.take(x);
  call.take(y);
  at::Tensor result;
  override.serve(call, {&result, 1}, aten_probe);
  return result;
}

TEST_CASE("the product of two vectors is one row") {
  for (const at::ScalarType dtype : {at::kBFloat16, at::kHalf, at::kFloat, at::kDouble})
    for (const std::int64_t length : {77, 4096, 20000}) {
      INFO(c10::toString(dtype) << ' ' << length);
      const at::Tensor x = at::randn({length}, dtype);
      const at::Tensor y = at::randn({2 * length}, dtype).slice(0, 0, std::nullopt, 2);
      const at::Tensor given = vector_product(x, y);
      REQUIRE(given.defined());
      CHECK(given.dim() == 0);
      CHECK(given.scalar_type() == dtype);
      const at::Tensor terms = x.to(at::kDouble) * y.to(at::kDouble);
      const double exact = terms.sum().item<double>();
      const double half =
          std::array{0x1p-8, 0x1p-11, 0x1p-22, 0x1p-50}[static_cast<std::size_t>(dtype == at::kBFloat16 ? 0
                                                                                 : dtype == at::kHalf   ? 1
                                                                                 : dtype == at::kFloat  ? 2
                                                                                                        : 3)];
      // Rounded once; sums are in f32, or f64.
      const double of_sums = dtype == at::kDouble ? 0x1p-50 : 0x1p-22;
      CHECK(std::abs(given.item<double>() - exact) <=
            half * std::abs(exact) + of_sums * terms.abs().sum().item<double>());
    }
  const at::Tensor x = at::randn({8});
  CHECK(!vector_product(x, at::randn({1})).defined());
  CHECK(!vector_product(x, at::randn({9})).defined());
  CHECK(!vector_product(x.view({2, 4}), x.view({2, 4})).defined());
  CHECK(!vector_product(x[0], x[0]).defined());
  CHECK(!vector_product(x, at::Tensor()).defined());
  CHECK(!vector_product(at::ones({8}, at::kLong), at::ones({8}, at::kLong)).defined());
  CHECK(!vector_product(at::ones({8}, at::kComplexFloat), at::ones({8}, at::kComplexFloat)).defined());
}

at::Tensor activated(const at::Tensor& x, std::string_view act) {
  if (act == "relu") return at::relu(x);
  if (act == "silu") return at::silu(x);
  if (act == "none") return x;
  return at::gelu(x, act == "gelu_tanh" ? "tanh" : "none");
}

TEST_CASE("a linear layer of few rows or few outputs is one rowwise op, with its activation and a residual") {
  for (const at::ScalarType dtype : {at::kBFloat16, at::kHalf})
    for (const auto& [rows, outputs] : std::vector<std::pair<at::DimVector, std::int64_t>>{
             {{1}, 33}, {{2, 3}, 33}, {{8, 1}, 7}, {{5, 4}, 3}, {{}, 12}})
      for (const std::string_view act : {"none", "relu", "gelu", "gelu_tanh", "silu"})
        for (const bool has_bias : {false, true})
          for (const bool has_residual : {false, true}) {
            INFO(c10::toString(dtype) << ", rows " << at::IntArrayRef(rows) << ", outputs " << outputs << ", " << act
                                      << (has_bias ? ", bias" : "") << (has_residual ? ", residual" : ""));
            at::DimVector input_sizes(rows);
            at::DimVector result_sizes(rows);
            input_sizes.push_back(16);
            result_sizes.push_back(outputs);
            const at::Tensor input = at::randn(input_sizes, dtype);
            const at::Tensor weight = at::randn({outputs, 16}, dtype);
            const at::Tensor bias = at::randn({outputs}, dtype);
            const at::Tensor residual = at::randn(result_sizes, dtype);
            const at::Tensor given =
                thin_linear_act(input, weight, has_bias ? &bias : nullptr, act, has_residual ? &residual : nullptr);
            at::Tensor exact = at::matmul(input.to(at::kDouble), weight.to(at::kDouble).t());
            if (has_bias) exact = exact + bias.to(at::kDouble);
            exact = activated(exact, act);
            if (has_residual) exact = exact + residual.to(at::kDouble);
            REQUIRE(given.defined());
            CHECK(given.scalar_type() == dtype);
            CHECK(given.is_contiguous());
            CHECK(given.sizes() == at::IntArrayRef(result_sizes));
            // Rounded once: within half of the distance of two numbers, but for f32's own errors.
            const double half = dtype == at::kHalf ? 0x1p-11 : 0x1p-8;
            CHECK(at::allclose(given.to(at::kDouble), exact, 1.02 * half, 1e-5));
          }
}

TEST_CASE("a linear layer that gives gates and values is one rowwise op, with the gate") {
  for (const at::ScalarType dtype : {at::kBFloat16, at::kHalf})
    for (const at::DimVector& rows : std::vector<at::DimVector>{{1}, {2, 3}, {}})
      for (const std::string_view act : {"silu", "gelu", "gelu_tanh"})
        for (const bool has_bias : {false, true})
          for (const bool gate_last : {false, true}) {
            INFO(c10::toString(dtype) << ", rows " << at::IntArrayRef(rows) << ", " << act << (has_bias ? ", bias" : "")
                                      << (gate_last ? ", gate last" : ""));
            at::DimVector input_sizes(rows);
            input_sizes.push_back(16);
            const at::Tensor input = at::randn(input_sizes, dtype);
            const at::Tensor weight = at::randn({22, 16}, dtype);
            const at::Tensor bias = at::randn({22}, dtype);
            const std::int64_t first = gate_last ? 11 : 0;
            const at::Tensor gate_bias = bias.narrow(0, first, 11), value_bias = bias.narrow(0, 11 - first, 11);
            const at::Tensor given =
                thin_linear_gate(input, {weight.narrow(0, first, 11), has_bias ? &gate_bias : nullptr},
                                 {weight.narrow(0, 11 - first, 11), has_bias ? &value_bias : nullptr}, act);
            at::Tensor product = at::matmul(input.to(at::kDouble), weight.to(at::kDouble).t());
            if (has_bias) product = product + bias.to(at::kDouble);
            const at::Tensor exact = activated(product.narrow(-1, first, 11), act) * product.narrow(-1, 11 - first, 11);
            REQUIRE(given.defined());
            CHECK(given.is_contiguous());
            REQUIRE(given.sizes() == exact.sizes());
            const double half = dtype == at::kHalf ? 0x1p-11 : 0x1p-8;
            CHECK(at::allclose(given.to(at::kDouble), exact, 1.02 * half, 1e-4));
          }
  const at::Tensor weight = at::randn({22, 16}, at::kHalf);
  const auto is_left = [](const at::Tensor& input, const at::Tensor& gate, const at::Tensor& value) {
    return !thin_linear_gate(input, {gate, nullptr}, {value, nullptr}, "silu").defined();
  };
  CHECK(!is_left(at::randn({2, 16}, at::kHalf), weight, weight));
  CHECK(is_left(at::randn({9, 16}, at::kHalf), weight, weight));
  CHECK(is_left(at::randn({40, 16}, at::kHalf), weight.narrow(0, 0, 4), weight.narrow(0, 4, 4)));
  CHECK(is_left(at::randn({2, 16}), weight.to(at::kFloat), weight.to(at::kFloat)));
  CHECK(is_left(at::randn({2, 16}, at::kHalf), weight, at::randn({16, 22}, at::kHalf).t()));
}

TEST_CASE("a linear layer whose operands do not suit one launch is left to several") {
  const at::Tensor input = at::randn({2, 3, 16}, at::kHalf);
  const at::Tensor weight = at::randn({33, 16}, at::kHalf);
  const at::Tensor residual = at::randn({2, 3, 33}, at::kHalf);
  CHECK(thin_linear_act(input, weight, nullptr, "silu", &residual).defined());
  const auto is_left = [&](const at::Tensor& x, const at::Tensor& w, const at::Tensor* bias, const at::Tensor* added) {
    return !thin_linear_act(x, w, bias, "silu", added).defined();
  };
  const at::Tensor wide = at::randn({33}, at::kFloat);
  CHECK(is_left(input, weight, &wide, nullptr));
  const at::Tensor wide_residual = residual.to(at::kFloat);
  CHECK(is_left(input, weight, nullptr, &wide_residual));
  CHECK(is_left(at::randn({3, 3, 16}, at::kHalf), weight, nullptr, nullptr));
  CHECK(is_left(input, at::randn({16, 33}, at::kHalf).t(), nullptr, nullptr));
  CHECK(is_left(input.narrow(-1, 0, 4), weight.narrow(-1, 0, 4), nullptr, nullptr));
  CHECK(is_left(input.to(at::kMeta), weight.to(at::kMeta), nullptr, nullptr));
  CHECK(is_left(input.narrow(1, 0, 0), weight, nullptr, nullptr));
  CHECK(is_left(input.narrow(2, 0, 0), weight.narrow(1, 0, 0), nullptr, nullptr));
  // Rows at two distances from one another.
  CHECK(is_left(at::randn({3, 2, 16}, at::kHalf).transpose(0, 1), weight, nullptr, nullptr));
  const at::Tensor turned = at::randn({3, 2, 33}, at::kHalf).transpose(0, 1);
  CHECK(is_left(input, weight, nullptr, &turned));
  const at::Tensor shared = at::randn({33}, at::kHalf).expand({2, 3, 33});
  CHECK(!is_left(input, weight, nullptr, &shared));
}

std::optional<DeclineReason> refusal_of(const at::Tensor& a, const at::Tensor& b, const at::Tensor* addend = nullptr,
                                        const at::Tensor* out = nullptr) {
  const auto never = [](const at::Tensor*, const at::Tensor&, const at::Tensor&, at::Tensor&) {};
  Product product;
  return describe({.addend = addend, .a = &a, .b = &b, .out = out, .multiply = never}, product);
}

TEST_CASE("what padding cannot stand for is ATen's") {
  const Comparison comparison;
  const at::Tensor a = at::randn({5, 7});
  const at::Tensor b = at::randn({7, 9});
  CHECK(!refusal_of(a, b));
  CHECK(refusal_of(a.to(at::kDouble), b.to(at::kDouble)) == DeclineReason::Dtype);
  CHECK(refusal_of(a, b.to(at::kHalf)) == DeclineReason::Dtype);
  CHECK(refusal_of(a, a) == DeclineReason::AtenRaises);
  CHECK(refusal_of(a.to(at::kMeta), b) == DeclineReason::TensorKind);
  CHECK(refusal_of(a._neg_view(), b) == DeclineReason::LazyBits);
  CHECK(refusal_of(a.narrow(0, 0, 0), b) == DeclineReason::NoGain);
  const at::Tensor wrong = at::randn({4});
  CHECK(refusal_of(a, b, &wrong) == DeclineReason::AtenRaises);
  const at::Tensor small = at::empty({0});
  CHECK(refusal_of(a, b, nullptr, &small) == DeclineReason::OutputShape);
  const at::Tensor turned = at::empty({9, 5}).t();
  CHECK(refusal_of(a, b, nullptr, &turned) == DeclineReason::Arguments);
  const at::Tensor square = at::randn({7, 7});
  CHECK(refusal_of(square, square, nullptr, &square) == DeclineReason::Overlap);
  CHECK(refusal_of(a, b.select(1, 0)) == std::nullopt);
  CHECK(refusal_of(a, a.select(1, 0)) == DeclineReason::AtenRaises);
  CHECK(has_two_speeds(at::kFloat));
  at::globalContext().setAllowTF32CuBLAS(false);
  CHECK(!has_two_speeds(at::kFloat));
}

}  // namespace
}  // namespace gems::aten
