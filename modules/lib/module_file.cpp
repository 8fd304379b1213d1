// The format is read from the name of the symbol that a module exports: it lies in the file as text.
#include "module_file.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <charconv>
#include <climits>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "gems/dsl/error.h"

namespace gems {
namespace {

constexpr std::string_view SymbolPrefix = "gems_operators_";

// The number behind the first whole symbol name. Not in this library's own file: its prefix has no number behind it.
std::optional<int> format_in(std::string_view bytes) {
  for (std::size_t at = bytes.find(SymbolPrefix); at != std::string_view::npos; at = bytes.find(SymbolPrefix, at + 1)) {
    const char* digits = bytes.data() + at + SymbolPrefix.size();
    int format = 0;
    const auto [end, error] = std::from_chars(digits, bytes.data() + bytes.size(), format);
    if (error == std::errc() && end != bytes.data() + bytes.size() && *end == '\0') return format;
  }
  return std::nullopt;
}

void check_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad() || !file.is_open())
    throw Error(fmt::format("'{}' cannot be read; give a file that you may read", path));
  const std::optional<int> format = bytes.starts_with(
                                        "\x7f"
                                        "ELF")
                                        ? format_in(bytes)
                                        : std::nullopt;
  if (!format)
    throw Error(
        fmt::format("'{}' is no module of gems operators: expected a shared library with GEMS_OPERATORS(...) in one of "
                    "its sources, "
                    "as gems_add_operators() in CMake and gems.load_inline() in Python build it",
                    path));
  if (*format != GEMS_MODULE_FORMAT)
    throw Error(fmt::format(
        "'{}' is a module of format {}, and this gems reads format {}: {}", path, *format, GEMS_MODULE_FORMAT,
        *format < GEMS_MODULE_FORMAT ? "rebuild it with the installed gems"
                                     : "it was built with a newer gems; update this one, or rebuild it with this one"));
}

}  // namespace

ModuleFile find_module_file(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr)
    throw Error(fmt::format("there is no file '{}'; build the module, or give the path of its .so", path));
  ModuleFile file{.path = resolved, .state = {}};
  std::free(resolved);
  struct stat info;
  if (::stat(file.path.c_str(), &info) != 0 || !S_ISREG(info.st_mode))
    throw Error(fmt::format("'{}' is no file; give the path of a module's .so", path));
  file.state = {.device = info.st_dev,
                .inode = info.st_ino,
                .modified_ns = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec,
                .size_bytes = info.st_size};
  return file;
}

OpenedModule::OpenedModule(const ModuleFile& file) {
  check_bytes(file.path);
  handle_ = ::dlopen(file.path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle_ == nullptr)
    throw Error(
        fmt::format("'{}' cannot be loaded: {}; link into the module all that it uses", file.path, ::dlerror()));
  const std::string symbol = fmt::format("{}{}", SymbolPrefix, GEMS_MODULE_FORMAT);
  const auto table = reinterpret_cast<const gems_module* (*)()>(::dlsym(handle_, symbol.c_str()));
  if (table != nullptr) table_ = table();
  if (table_ != nullptr) return;
  ::dlclose(handle_);
  throw Error(fmt::format("'{}' {}", file.path,
                          table == nullptr ? "does not export " + symbol + ": do not strip or hide that symbol"
                                           : "has no memory for its table"));
}

OpenedModule::~OpenedModule() {
  if (handle_ != nullptr) ::dlclose(handle_);
}

}  // namespace gems
