// The pieces of code that emitted kernels may need before them, from device/*.cuh: types, moves of vectors,
// conversions, functions. A file carries only those it uses.
#pragma once

#include <bitset>
#include <string>
#include <string_view>

#include "Cuda/Snippets.h"
#include "gems/compiler/schedule.h"
#include "gems/dsl/dtype.h"

namespace gems::cuda {

class Prelude {
 public:
  explicit Prelude(CudaTarget target) : target_(target) {}

  void use(Snippet snippet);

  std::string text() const;

 private:
  CudaTarget target_;
  std::bitset<SnippetCount> used_;
};

std::string_view snippet_text(Snippet snippet, CudaTarget target);

// Name of a dtype as an element in memory ("i32", "f16", "float"; "u8" for bool), and the snippet that declares it.
std::string_view storage_type(DType dtype);
void use_storage_type(Prelude& prelude, DType dtype);

// The functions between a float type of less than 32 bits and float: to_f32, and the one that rounds ("to_bf16").
void use_widening(Prelude& prelude, DType dtype);
std::string_view rounding_function(DType dtype);
void use_rounding(Prelude& prelude, DType dtype);

}  // namespace gems::cuda
