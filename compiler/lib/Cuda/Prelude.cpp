// The pieces of code that emitted kernels may need before them.
#include "Cuda/Prelude.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>

namespace gems::cuda {
namespace {

using enum Snippet;

struct SnippetRow {
  Snippet snippet;
  int since;  // for this architecture and later ones
  std::initializer_list<Snippet> needs;
  std::string_view text;
};

// One row for each snippet, or several, the newest architecture first.
const SnippetRow snippet_table[] = {
#include "Cuda/SnippetTable.inc"
};

const SnippetRow& row(Snippet snippet, CudaTarget target) {
  return *std::ranges::find_if(
      snippet_table, [&](const SnippetRow& row) { return row.snippet == snippet && row.since <= target.arch; });
}

}  // namespace

void Prelude::use(Snippet snippet) {
  used_.set(static_cast<std::size_t>(snippet));
  for (Snippet needed : row(snippet, target_).needs) use(needed);
}

std::string Prelude::text() const {
  std::string text;
  for (std::size_t i = 0; i < SnippetCount; ++i)
    if (used_.test(i)) text += snippet_text(static_cast<Snippet>(i), target_);
  return text;
}

std::string_view snippet_text(Snippet snippet, CudaTarget target) { return row(snippet, target).text; }

namespace {

struct StorageType {
  std::string_view name;
  std::optional<Snippet> snippet;  // none: built in
};

// Indexed by DType.
constexpr std::array<StorageType, DTypeCount> storage_table = {{
    {"u8", U8},
    {"u8", U8},
    {"i8", I8},
    {"i16", I16},
    {"i32", I32},
    {"i64", I64},
    {"u16", U16},
    {"u32", U32},
    {"u64", U64},
    {"f16", F16},
    {"bf16", BF16},
    {"float", {}},
    {"double", {}},
    {"c32", C32},
    {"c64", C64},
    {"c128", C128},
    {"f8e4m3fn", F8E4M3FN},
    {"f8e5m2", F8E5M2},
    {"f8e4m3fnuz", F8E4M3FNUZ},
    {"f8e5m2fnuz", F8E5M2FNUZ},
    {"f8e8m0fnu", F8E8M0FNU},
}};

struct NarrowFloat {
  DType dtype;
  Snippet widening;
  Snippet rounding;
  std::string_view function;
};
constexpr NarrowFloat narrow_floats[] = {
    {DType::F16, FromF16, ToF16, "to_f16"},
    {DType::BF16, FromBF16, ToBF16, "to_bf16"},
    {DType::F8E4M3FN, FromF8E4M3FN, ToF8E4M3FN, "to_f8e4m3fn"},
    {DType::F8E5M2, FromF8E5M2, ToF8E5M2, "to_f8e5m2"},
    {DType::F8E4M3FNUZ, FromF8E4M3FNUZ, ToF8E4M3FNUZ, "to_f8e4m3fnuz"},
    {DType::F8E5M2FNUZ, FromF8E5M2FNUZ, ToF8E5M2FNUZ, "to_f8e5m2fnuz"},
    {DType::F8E8M0FNU, FromF8E8M0FNU, ToF8E8M0FNU, "to_f8e8m0fnu"},
};
const NarrowFloat& narrow_float(DType dtype) { return *std::ranges::find(narrow_floats, dtype, &NarrowFloat::dtype); }

}  // namespace

std::string_view storage_type(DType dtype) { return storage_table[static_cast<std::size_t>(dtype)].name; }

void use_storage_type(Prelude& prelude, DType dtype) {
  if (const auto snippet = storage_table[static_cast<std::size_t>(dtype)].snippet) prelude.use(*snippet);
}

void use_widening(Prelude& prelude, DType dtype) { prelude.use(narrow_float(dtype).widening); }
std::string_view rounding_function(DType dtype) { return narrow_float(dtype).function; }
void use_rounding(Prelude& prelude, DType dtype) { prelude.use(narrow_float(dtype).rounding); }

}  // namespace gems::cuda
