// One entry of the kernel cache, and the bytes of its file.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gems {

// Part of every key and of every file: a change of format makes old files miss, not fail.
inline constexpr std::uint32_t CacheFormat = 1;

struct CacheEntry {
  std::string key_text;  // everything the binary depends on, one input a line; compared whole on a hit
  std::string op;
  std::string kernel;  // the function's name in the binary
  std::string target;  // "sm_90", or "cpu"
  std::string dtypes;  // "f32 f32 -> f32"
  std::string layout;
  std::string schedule;  // empty on the CPU
  std::uint64_t compile_us = 0;
  std::int64_t created_s = 0;  // since 1970
  std::string source;          // the CUDA text; on the CPU the trace
  std::vector<char> binary;    // cubin or object file
  bool operator==(const CacheEntry&) const = default;
};

// The name of an entry: 64 hex digits, the digest of its key text.
std::string cache_key(std::string_view key_text);

// The bytes of a file, and back. Decoding checks the checksum before anything else and every length against the size;
// when it returns nothing, *problem says why.
std::vector<char> encode_entry(const CacheEntry& entry);
std::optional<CacheEntry> decode_entry(std::span<const char> bytes, std::string* problem);

}  // namespace gems
