// A directory that exists for the length of a test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace gems::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gems-test-").string() + std::string(6, 'X');
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() {
    if (is_kept_) return;
    std::error_code ignored;
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  // For who looks into a failure.
  void keep() { is_kept_ = true; }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  bool is_kept_ = false;
};

}  // namespace gems::test
