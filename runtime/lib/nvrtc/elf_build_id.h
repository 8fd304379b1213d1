// The GNU build id of a shared library on disk, without loading it.
#pragma once

#include <optional>
#include <string>

namespace gems {

// Hex digits; nothing when the file is not a 64-bit ELF file with that note.
std::optional<std::string> elf_build_id(const std::string& path);

}  // namespace gems
