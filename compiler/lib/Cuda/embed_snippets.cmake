# Run as a script at build time: cuts FILES (device/*.cuh, in the order of printing) into snippets, and writes
# OUTPUT/Snippets.h, which names them, and OUTPUT/SnippetTable.inc, the rows of Prelude.cpp. A snippet begins at a line
#
#   //! snippet NAME [since sm_ARCH] [needs NAME, ...]
#
# and at the blank line before it, where there is one. One with instructions that older architectures lack has a row for
# each, the newest first. What stands before the first snippet of a file is not printed.
set(names "")
set(rows "")
foreach(file ${FILES})
  file(READ ${file} text)
  string(REGEX REPLACE "\n *// clang-format (off|on)" "" text "${text}")
  string(REGEX REPLACE "(//! snippet [A-Za-z0-9]+)( needs|\n)" "\\1 since sm_0\\2" text "${text}")
  string(REGEX MATCHALL "//! snippet [A-Za-z0-9]+" found "${text}")
  list(APPEND names ${found})
  set(row "//! snippet ([A-Za-z0-9]+) since sm_([0-9]+)( needs )?([^\n]*)\n")
  string(REGEX REPLACE "\n\n${row}" "\n)cuda\"},\n{\\1, \\2, {\\4}, R\"cuda(\n" text "${text}")
  string(REGEX REPLACE "\n${row}" "\n)cuda\"},\n{\\1, \\2, {\\4}, R\"cuda(" text "${text}")
  string(REGEX REPLACE "^[^}]*},\n" "" text "${text}")
  string(APPEND rows "${text})cuda\"},\n")
endforeach()
list(TRANSFORM names REPLACE "//! snippet " "")
list(REMOVE_DUPLICATES names)
list(LENGTH names count)
list(JOIN names ",\n  " names)
file(WRITE ${OUTPUT}/SnippetTable.inc "${rows}")
file(WRITE ${OUTPUT}/Snippets.h "// The snippets of Cuda/device, in the order of printing. Made by embed_snippets.cmake.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gems::cuda {

enum class Snippet : std::uint8_t {
  ${names}
};
inline constexpr std::size_t SnippetCount = ${count};

}  // namespace gems::cuda
")
