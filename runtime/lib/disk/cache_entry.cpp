// The bytes of a cache entry: magic, format, field count, size, named fields with length prefixes, BLAKE3 of all of it.
// Numbers are little-endian. Nothing but the binary is ever used as code.
#include "gems/runtime/cache_entry.h"

#include <cstring>

#include "gems/compiler/digest.h"

namespace gems {
namespace {

constexpr std::string_view Magic = "gems.kernel\n";
constexpr std::size_t HeaderBytes = Magic.size() + 4 + 4 + 8;
constexpr std::size_t ChecksumBytes = sizeof(Digest);
constexpr std::uint32_t MaxFields = 64;
constexpr std::uint64_t MaxNameBytes = 64;

template <class T>
void append_number(std::vector<char>& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.insert(out.end(), bytes, bytes + sizeof(T));
}

template <class T>
T number_at(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

// Calls fn(name, value) for each field: the one list that encode and decode share. Numbers travel as their bytes.
template <class Entry, class Fn>
void for_each_field(Entry& entry, Fn fn) {
  fn("key", entry.key_text);
  fn("op", entry.op);
  fn("kernel", entry.kernel);
  fn("target", entry.target);
  fn("dtypes", entry.dtypes);
  fn("layout", entry.layout);
  fn("schedule", entry.schedule);
  fn("compile_us", entry.compile_us);
  fn("created_s", entry.created_s);
  fn("source", entry.source);
  fn("binary", entry.binary);
}

std::string_view bytes_of(const std::string& value) { return value; }
std::string_view bytes_of(const std::vector<char>& value) { return {value.data(), value.size()}; }
template <class Number>
std::string_view bytes_of(const Number& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

bool assign(std::string& to, std::string_view bytes) {
  to = bytes;
  return true;
}
bool assign(std::vector<char>& to, std::string_view bytes) {
  to.assign(bytes.begin(), bytes.end());
  return true;
}
template <class Number>
bool assign(Number& to, std::string_view bytes) {
  if (bytes.size() != sizeof to) return false;
  std::memcpy(&to, bytes.data(), sizeof to);
  return true;
}

}  // namespace

std::string cache_key(std::string_view key_text) { return to_hex(digest(std::as_bytes(std::span(key_text)))); }

std::vector<char> encode_entry(const CacheEntry& entry) {
  std::vector<char> out(Magic.begin(), Magic.end());
  append_number(out, CacheFormat);
  std::uint32_t fields = 0;
  for_each_field(entry, [&](std::string_view, const auto&) { ++fields; });
  append_number(out, fields);
  const std::size_t size_at = out.size();
  append_number(out, std::uint64_t{0});
  for_each_field(entry, [&](std::string_view name, const auto& value) {
    const std::string_view bytes = bytes_of(value);
    append_number(out, static_cast<std::uint32_t>(name.size()));
    out.insert(out.end(), name.begin(), name.end());
    append_number(out, static_cast<std::uint64_t>(bytes.size()));
    out.insert(out.end(), bytes.begin(), bytes.end());
  });
  const auto total = static_cast<std::uint64_t>(out.size() + ChecksumBytes);
  std::memcpy(out.data() + size_at, &total, sizeof total);
  const Digest checksum = digest(std::as_bytes(std::span(out)));
  for (const std::uint8_t byte : checksum) out.push_back(static_cast<char>(byte));
  return out;
}

std::optional<CacheEntry> decode_entry(std::span<const char> bytes, std::string* problem) {
  const auto refuse = [&](std::string_view why) {
    if (problem) *problem = why;
    return std::nullopt;
  };
  if (bytes.size() < HeaderBytes + ChecksumBytes) return refuse("it is too short");
  if (std::string_view(bytes.data(), Magic.size()) != Magic) return refuse("it is not a kernel entry");
  const char* at = bytes.data() + Magic.size();
  if (number_at<std::uint32_t>(at) != CacheFormat) return refuse("its format is another version");
  const auto fields = number_at<std::uint32_t>(at + 4);
  if (number_at<std::uint64_t>(at + 8) != bytes.size()) return refuse("its size is not the size it says");
  const char* end = bytes.data() + bytes.size() - ChecksumBytes;
  const Digest checksum = digest(std::as_bytes(bytes.first(bytes.size() - ChecksumBytes)));
  if (std::memcmp(checksum.data(), end, ChecksumBytes) != 0) return refuse("its checksum does not match");
  if (fields > MaxFields) return refuse("it has too many fields");

  at += 16;
  const auto left = [&] { return static_cast<std::uint64_t>(end - at); };
  CacheEntry entry;
  std::uint32_t known = 0;
  for (std::uint32_t i = 0; i < fields; ++i) {
    if (left() < 4) return refuse("a field is cut off");
    const auto name_bytes = number_at<std::uint32_t>(at);
    at += 4;
    if (name_bytes > MaxNameBytes || left() < name_bytes + 8u) return refuse("a field's name is too long");
    const std::string_view name(at, name_bytes);
    at += name_bytes;
    const auto value_bytes = number_at<std::uint64_t>(at);
    at += 8;
    if (value_bytes > left()) return refuse("a field is longer than the file");
    const std::string_view value(at, value_bytes);
    at += value_bytes;
    bool fits = true;
    for_each_field(entry, [&](std::string_view field, auto& to) {
      if (field != name) return;
      ++known;
      fits = assign(to, value);
    });
    if (!fits) return refuse("a number has the wrong length");
  }
  if (at != end) return refuse("it has bytes after its last field");
  std::uint32_t wanted = 0;
  for_each_field(entry, [&](std::string_view, const auto&) { ++wanted; });
  if (known != wanted) return refuse("a field is missing");
  return entry;
}

}  // namespace gems
