// What identifies the generator.
#include "gems/compiler/version.h"

#include <catch2/catch_test_macros.hpp>

namespace gems::test {

TEST_CASE("the generator's version is a digest, LLVM's is 22") {
  CHECK(generator_version().size() == 64);
  CHECK(llvm_version().starts_with("22."));
}

}  // namespace gems::test
