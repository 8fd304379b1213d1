// Writes CUDA texts into the GEMS_DUMP directory. See dump.h.
#include "nvrtc/dump.h"

#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "gems/compiler/digest.h"
#include "gems/runtime/settings.h"
#include "process/log.h"

namespace gems {

std::string dump_cuda_text(const std::string& name, const std::string& target, const std::string& text) {
  const std::string& dir = settings().dump_dir;
  if (dir.empty()) return "";
  // Variants of one op may share a name (layouts differ): the text's digest keeps them apart.
  const std::string tag = to_hex(digest(std::as_bytes(std::span(text)))).substr(0, 8);
  const std::string path = fmt::format("{}/{}.{}.{}.cu", dir, name, target, tag);
  std::error_code ignored;
  std::filesystem::create_directories(dir, ignored);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (file) return path;
  static std::atomic<bool> warned{false};
  if (!warned.exchange(true)) warn(fmt::format("GEMS_DUMP={}: {} cannot be written", dir, path));
  return "";
}

}  // namespace gems
