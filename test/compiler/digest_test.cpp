// Digests against the reference.
#include "gems/compiler/digest.h"

#include <catch2/catch_test_macros.hpp>

namespace gems::test {

TEST_CASE("digests are BLAKE3") {
  // The first test vector of the BLAKE3 reference implementation: empty input.
  CHECK(to_hex(digest({})) == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
}

}  // namespace gems::test
