// A module's file: found, recognised by its bytes, opened by the loader.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "gems/module.h"

namespace gems {

// One content of one file, as far as the file system tells.
struct FileState {
  dev_t device = 0;
  ino_t inode = 0;
  std::int64_t modified_ns = 0;
  std::int64_t size_bytes = 0;
  bool operator==(const FileState&) const = default;
};

struct ModuleFile {
  std::string path;  // absolute, without symbolic links
  FileState state;
};

// Throws gems::Error when there is no such file.
ModuleFile find_module_file(const std::string& path);

// A loaded library; unloaded with this object unless kept.
class OpenedModule {
 public:
  // Reads the file before it loads it: what is no module, or one of another format, runs no code. Throws gems::Error.
  explicit OpenedModule(const ModuleFile& file);
  ~OpenedModule();
  OpenedModule(const OpenedModule&) = delete;

  const gems_module& table() const { return *table_; }
  void keep() { handle_ = nullptr; }

 private:
  void* handle_ = nullptr;
  const gems_module* table_ = nullptr;
};

}  // namespace gems
