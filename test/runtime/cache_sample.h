// A cache entry to test with, and what the cache prints on stderr.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "gems/runtime/cache.h"
#include "temporary_directory.h"

namespace gems::test {

inline CacheEntry sample_entry(const std::string& key_text, std::size_t binary_bytes = 300) {
  CacheEntry entry;
  entry.key_text = key_text;
  entry.op = "add";
  entry.kernel = "gems_add_f32_flat";
  entry.target = "sm_90";
  entry.dtypes = "f32 f32 number:f32 -> f32";
  entry.layout = "flat";
  entry.schedule = "family=flat width=4 unroll=1 threads=256";
  entry.compile_us = 42123;
  entry.created_s = 1'700'000'000;
  entry.source = "extern \"C\" __global__ void gems_add_f32_flat() {}\n";
  for (std::size_t i = 0; i < binary_bytes; ++i) entry.binary.push_back(static_cast<char>(i * 7 + key_text.size()));
  return entry;
}

inline std::vector<char> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::string& path, const std::vector<char>& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Collects stderr for the length of a scope.
class StderrCapture {
 public:
  StderrCapture() : before_(::dup(2)) {
    std::fflush(stderr);
    const int file = ::open((dir_ / "stderr").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    ::dup2(file, 2);
    ::close(file);
  }
  ~StderrCapture() { restore(); }
  std::string text() {
    restore();
    const std::vector<char> bytes = read_bytes(dir_ / "stderr");
    return {bytes.begin(), bytes.end()};
  }

 private:
  void restore() {
    if (before_ < 0) return;
    std::fflush(stderr);
    ::dup2(before_, 2);
    ::close(before_);
    before_ = -1;
  }
  TemporaryDirectory dir_;
  int before_;
};

inline std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace gems::test
