// NVRTC: text to cubin and PTX without a GPU, errors that say what to look at.
#include "gems/runtime/nvrtc.h"

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string_view>
#include <thread>

#include "gems/dsl/error.h"
#include "nvrtc/elf_build_id.h"
#include "nvrtc_library.h"

using namespace gems;
using namespace gems::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Matches;
using Catch::Matchers::MessageMatches;

namespace {

const std::string good_text = "extern \"C\" __global__ void twice(float* x) { x[threadIdx.x] *= 2; }\n";

}  // namespace

TEST_CASE("text compiles to a cubin for each architecture, and to PTX that names it") {
  if (!find_nvrtc()) SKIP("no NVRTC on this machine");
  for (const int arch : {80, 90, 100}) {
    const std::vector<char> cubin = compile_cubin(good_text, "twice", arch);
    CHECK(std::string_view(cubin.data(), 4) ==
          "\x7f"
          "ELF");
    const std::string ptx = compile_ptx(good_text, "twice", arch);
    CHECK_THAT(ptx, ContainsSubstring(".target sm_" + std::to_string(arch)) && ContainsSubstring(".entry twice"));
    CHECK(ptx.find('\0') == std::string::npos);
  }
}

TEST_CASE("the version is a number, and the build is told from the file as from the loaded library") {
  if (!find_nvrtc()) SKIP("no NVRTC on this machine");
  CHECK_THAT(nvrtc_version(), Matches("[0-9]+\\.[0-9]+"));
  CHECK_THAT(nvrtc_build(), Matches("build [0-9a-f]{16,}|[0-9]+\\.[0-9]+ size [0-9]+"));
}

TEST_CASE("a text that does not compile is an error with call, result, kernel, target and the compiler's words") {
  if (!find_nvrtc()) SKIP("no NVRTC on this machine");
  const std::string bad = "extern \"C\" __global__ void bad(float* x) { x[0] = nonsense; }\n";
  CHECK_THROWS_MATCHES(
      compile_cubin(bad, "bad_kernel", 90), Error,
      MessageMatches(ContainsSubstring("nvrtcCompileProgram returned NVRTC_ERROR_COMPILATION (6) for kernel bad_kernel "
                                       "on sm_90") &&
                     ContainsSubstring("GEMS_DUMP") && ContainsSubstring("\"nonsense\" is undefined")));
}

TEST_CASE("threads compile at once") {
  if (!find_nvrtc()) SKIP("no NVRTC on this machine");
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      const std::string name = "kernel" + std::to_string(i);
      const std::string text =
          "extern \"C\" __global__ void " + name + "(int* x) { *x = " + std::to_string(i) + "; }\n";
      good += !compile_cubin(text, name, 90).empty();
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 4);
}

TEST_CASE("a file without a build id has none") {
  CHECK_FALSE(elf_build_id("/etc/passwd"));
  CHECK_FALSE(elf_build_id("/nonexistent"));
  CHECK_FALSE(elf_build_id("/"));
}
