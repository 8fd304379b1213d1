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
      "Entry", "Exp", "List", "Sums", "all", "ahead_at", "ahead_left", "ahead_row", "ahead_visit", "all_slots", "apart",
      "ask", "at", "at0", "at1", "at2", "at3", "await", "begin_row", "begin_within", "bf16", "blocks", "c128", "c32",
      "c64", "cluster", "clusters", "column", "columns", "count", "dense", "elements", "exchange", "f16", "f8e4m3fn",
      "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz", "f8e8m0fnu", "first", "first_row", "first_vector", "found", "g", "geometry",
      "i", "i16", "i32", "i64", "i8", "index", "is_row", "head", "is_alike", "k", "lane", "last", "lead", "left",
      "length", "list", "load_row", "n", "next_at", "offsets", "outer", "own", "parts", "phase", "pitch", "r", "row_at",
      "slots", "staged", "stays", "vector", "whole_vectors", "rest", "row", "row_tile", "rows", "scratch", "start",
      "step", "strided", "sums", "tile", "to", "turn", "u", "value", "values", "vectors", "warp", "warps", "whole"};
  return llvm::is_contained(taken, std::string_view(name)) ? name + "_" : name;
}

}  // namespace gems::cuda
