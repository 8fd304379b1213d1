// Names that emitted code must not take from an op.
#include "Cuda/Names.h"

#include <string_view>

#include "llvm/ADT/STLExtras.h"

namespace gems::cuda {

std::string safeName(const std::string& name) {
  static constexpr std::string_view taken[] = {
      // C++ and CUDA
      "and", "asm", "auto", "bool", "break", "case", "char", "class", "const", "default", "delete", "do", "double",
      "else", "enum", "false", "float", "for", "if", "inline", "int", "long", "new", "not", "operator", "or", "private",
      "public", "register", "return", "short", "signed", "sizeof", "static", "struct", "switch", "template", "this",
      "true", "typename", "union", "unsigned", "using", "void", "while", "xor",
      // types and variables of the emitted code
      "at1", "at2", "at3", "bf16", "c32", "c64", "c128", "column", "columns", "count", "f16", "f8e4m3fn", "f8e4m3fnuz",
      "f8e5m2", "f8e5m2fnuz", "f8e8m0fnu", "first", "i", "i8", "i16", "i32", "i64", "k", "left", "n", "outer", "r",
      "rest", "row", "row_tile", "rows", "space", "start", "step", "tile", "u", "value", "values"};
  return llvm::is_contained(taken, std::string_view(name)) ? name + "_" : name;
}

}  // namespace gems::cuda
