// The format of a cache entry: what is written is read, and anything else is refused without reading out of bounds.
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <random>

#include "cache_sample.h"
#include "gems/compiler/digest.h"

using namespace gems;
using namespace gems::test;

namespace {

// Offsets in the header.
constexpr std::size_t FormatAt = 12;
constexpr std::size_t FieldCountAt = 16;
constexpr std::size_t SizeAt = 20;
constexpr std::size_t FirstNameBytesAt = 28;

template <class T>
void put(std::vector<char>& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

// Makes size and checksum right again, so that the parser itself is tested and not the checksum.
std::vector<char> sealed(std::vector<char> bytes) {
  put(bytes, SizeAt, static_cast<std::uint64_t>(bytes.size()));
  const Digest checksum = digest(std::as_bytes(std::span(bytes).first(bytes.size() - sizeof(Digest))));
  std::memcpy(bytes.data() + bytes.size() - sizeof checksum, checksum.data(), sizeof checksum);
  return bytes;
}

std::string problem_of(const std::vector<char>& bytes) {
  std::string problem;
  return decode_entry(bytes, &problem) ? "" : problem;
}

}  // namespace

TEST_CASE("an entry comes back as it was written") {
  CacheEntry entry = sample_entry("key");
  entry.source += std::string("\0with a zero", 12);
  CHECK(decode_entry(encode_entry(entry), nullptr) == entry);
  CacheEntry empty;
  CHECK(decode_entry(encode_entry(empty), nullptr) == empty);
}

TEST_CASE("the same entry gives the same bytes") {
  CHECK(encode_entry(sample_entry("key")) == encode_entry(sample_entry("key")));
}

TEST_CASE("an entry with any one byte changed is refused") {
  const std::vector<char> good = encode_entry(sample_entry("key"));
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::vector<char> bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      CAPTURE(i, flip);
      REQUIRE(problem_of(bad) != "");
    }
}

TEST_CASE("an entry that is cut anywhere, or longer, is refused") {
  const std::vector<char> good = encode_entry(sample_entry("key"));
  for (std::size_t size = 0; size < good.size(); ++size)
    REQUIRE(problem_of(std::vector<char>(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))) != "");
  std::vector<char> longer = good;
  longer.push_back('x');
  CHECK(problem_of(longer) == "its size is not the size it says");
}

TEST_CASE("another format version is refused before anything else is read") {
  std::vector<char> other = encode_entry(sample_entry("key"));
  put(other, FormatAt, CacheFormat + 1);
  CHECK(problem_of(sealed(other)) == "its format is another version");
}

TEST_CASE("lengths that lie are refused although the checksum is right") {
  const std::vector<char> good = encode_entry(sample_entry("key"));
  REQUIRE(problem_of(sealed(good)) == "");
  const auto with = [&](std::size_t at, auto value) {
    std::vector<char> bytes = good;
    put(bytes, at, value);
    return problem_of(sealed(bytes));
  };
  CHECK(with(FieldCountAt, std::uint32_t{0xffffffff}) == "it has too many fields");
  CHECK(with(FieldCountAt, std::uint32_t{64}) != "");
  CHECK(with(FieldCountAt, std::uint32_t{0}) != "");
  CHECK(with(FirstNameBytesAt, std::uint32_t{0xffffffff}) == "a field's name is too long");
  CHECK(with(FirstNameBytesAt, std::uint32_t{64}) != "");
  constexpr std::size_t first_value_bytes_at = FirstNameBytesAt + 4 + 3;  // the name is "key"
  for (const unsigned long long lie : {~0ull, 1ull << 63, 0ull + good.size(), 1ull << 40})
    CHECK(with(first_value_bytes_at, std::uint64_t{lie}) == "a field is longer than the file");
}

TEST_CASE("random bytes with a right checksum are never read out of bounds") {
  std::mt19937 random(1);
  const std::vector<char> good = encode_entry(sample_entry("key", 20));
  for (int round = 0; round < 20000; ++round) {
    std::vector<char> bytes = good;
    for (int changes = 1 + static_cast<int>(random() % 4); changes-- > 0;)
      bytes[FieldCountAt + random() % (bytes.size() - FieldCountAt - sizeof(Digest))] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(60 + random() % (bytes.size() - 60));
    decode_entry(sealed(bytes), nullptr);
  }
  SUCCEED("no crash; run under AddressSanitizer for reads past the end");
}
