// Reads the program headers and notes of an ELF file. See elf_build_id.h.
#include "nvrtc/elf_build_id.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "disk/cache_directory.h"

namespace gems {
namespace {

constexpr std::size_t MaxNoteBytes = 1 << 16;
constexpr int MaxHeaders = 128;

bool read_at(int fd, void* to, std::size_t size_bytes, off_t offset) {
  return ::pread(fd, to, size_bytes, offset) == static_cast<ssize_t>(size_bytes);
}

std::optional<std::string> build_id_of(const std::vector<char>& notes) {
  std::size_t at = 0;
  while (at + sizeof(Elf64_Nhdr) <= notes.size()) {
    Elf64_Nhdr header;
    std::memcpy(&header, notes.data() + at, sizeof header);
    const std::size_t name_at = at + sizeof header;
    const std::size_t value_at = name_at + (std::size_t{header.n_namesz} + 3) / 4 * 4;
    const std::size_t next = value_at + (std::size_t{header.n_descsz} + 3) / 4 * 4;
    if (next > notes.size()) break;
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
        std::memcmp(notes.data() + name_at, "GNU", 4) == 0) {
      std::string hex;
      for (std::size_t i = 0; i < header.n_descsz; ++i)
        hex += fmt::format("{:02x}", static_cast<unsigned char>(notes[value_at + i]));
      return hex;
    }
    at = next;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> elf_build_id(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Elf64_Ehdr elf;
  if (!file.is_open() || !read_at(file.get(), &elf, sizeof elf, 0)) return std::nullopt;
  if (std::memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_ident[EI_CLASS] != ELFCLASS64) return std::nullopt;
  for (int i = 0; i < elf.e_phnum && i < MaxHeaders; ++i) {
    Elf64_Phdr header;
    if (!read_at(file.get(), &header, sizeof header,
                 static_cast<off_t>(elf.e_phoff + static_cast<std::size_t>(i) * elf.e_phentsize)))
      return std::nullopt;
    if (header.p_type != PT_NOTE || header.p_filesz > MaxNoteBytes) continue;
    std::vector<char> notes(header.p_filesz);
    if (!read_at(file.get(), notes.data(), notes.size(), static_cast<off_t>(header.p_offset))) return std::nullopt;
    if (auto id = build_id_of(notes)) return id;
  }
  return std::nullopt;
}

}  // namespace gems
