// Compiles emitted CUDA kernels as host C++ and loads them.
#include "host_cuda.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>

#include "Cuda/Prelude.h"

namespace gems::test {
namespace {

// The prelude of all kernels: the emitter's own snippets, as before sm_80, when conversions to bf16 and float8 were
// done in integers, which runs anywhere; but host code for those that are in PTX all the same.
std::string host_prelude() {
  using cuda::Snippet;
  std::string text;
  for (std::size_t i = 0; i < cuda::SnippetCount; ++i) {
    const auto snippet = static_cast<Snippet>(i);
    const std::string_view own = cuda::snippet_text(snippet, CudaTarget{75});
    if (snippet == Snippet::StagedMemory)
      text += "GEMS_HOST_STAGED_MEMORY\n";
    else if (snippet == Snippet::Cluster)
      text += "GEMS_HOST_CLUSTER\n";
    else if (own.find("asm") == std::string_view::npos)
      text += own;
    else if (snippet == Snippet::ToF16)
      text += "GEMS_HOST_F16\n";
    else if (snippet == Snippet::Ex4)
      text += "GEMS_HOST_APPROXIMATIONS\n";
  }
  return text;
}

// Undefined behaviour of integers and of indices traps; contraction is off, so that results are those of the
// operations.
constexpr const char* compile_flags =
    "-std=c++20 -O0 -w -fPIC -shared -ffp-contract=off -fno-strict-aliasing "
    "-fsanitize=signed-integer-overflow,shift,integer-divide-by-zero,bounds,null,alignment -fsanitize-trap=all";

void write_unit(const std::string& path, const std::vector<CudaKernel>& kernels, std::size_t begin, std::size_t end) {
  std::ofstream out(path);
  out << "#include \"" << HOST_CUDA_SHIM << "\"\n" << host_prelude();
  for (std::size_t i = begin; i < end; ++i) {
    // extern "C" names are global, so each kernel gets one of its own.
    out << fmt::format(
        "\n#define {0} kernel{1}\n#define {0}_fold kernel{1}_fold\nnamespace in{1} {{\n{2}\n}}\n#undef {0}\n#undef "
        "{0}_fold\n",
        kernels[i].name, i, kernels[i].body);
    out << fmt::format(
        "extern \"C\" __attribute__((visibility(\"default\"))) void launch{0}(void** arguments, unsigned grid, "
        "unsigned parts, unsigned x, unsigned y, unsigned cluster) {{ run_kernel(in{0}::kernel{0}, arguments, grid, "
        "parts, "
        "x, y, cluster); }}\n",
        i);
    if (!has_fold(kernels[i].schedule)) continue;
    out << fmt::format(
        "extern \"C\" __attribute__((visibility(\"default\"))) void fold{0}(void** arguments, unsigned grid, "
        "unsigned parts, unsigned x, unsigned y, unsigned cluster) {{ run_kernel(in{0}::kernel{0}_fold, arguments, "
        "grid, "
        "parts, x, y, cluster); }}\n",
        i);
  }
}

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

HostCuda::HostCuda(const std::vector<CudaKernel>& kernels) {
  const std::size_t units = std::min<std::size_t>(std::max(1u, std::thread::hardware_concurrency()), 4);
  const std::size_t per_unit = (kernels.size() + units - 1) / units;
  std::vector<std::string> stems;
  std::vector<std::thread> compiles;
  for (std::size_t begin = 0; begin < kernels.size(); begin += per_unit) {
    const std::string stem = folder_ / fmt::format("unit{}", stems.size());
    write_unit(stem + ".cpp", kernels, begin, std::min(begin + per_unit, kernels.size()));
    stems.push_back(stem);
    compiles.emplace_back([stem] {
      const std::string command = fmt::format("{0} {1} {2}.cpp -o {2}.so >{2}.log 2>&1", HOST_CXX, compile_flags, stem);
      (void)!std::system(command.c_str());
    });
  }
  for (std::thread& compile : compiles) compile.join();

  for (std::size_t unit = 0; unit < stems.size(); ++unit) {
    void* library = dlopen((stems[unit] + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
    INFO(read_file(stems[unit] + ".log"));
    INFO("source kept in " << stems[unit] << ".cpp");
    if (library == nullptr) folder_.keep();
    REQUIRE(library != nullptr);
    libraries_.push_back(library);
    for (std::size_t i = unit * per_unit; i < std::min((unit + 1) * per_unit, kernels.size()); ++i)
      launchers_.push_back(reinterpret_cast<Launcher>(dlsym(library, fmt::format("launch{}", i).c_str())));
    for (std::size_t i = unit * per_unit; i < std::min((unit + 1) * per_unit, kernels.size()); ++i)
      folds_.push_back(has_fold(kernels[i].schedule)
                           ? reinterpret_cast<Launcher>(dlsym(library, fmt::format("fold{}", i).c_str()))
                           : nullptr);
  }
}

HostCuda::~HostCuda() {
  for (void* library : libraries_) dlclose(library);
}

void HostCuda::launch(std::size_t kernel, const LaunchGeometry& launch, std::vector<void*> arguments) const {
  std::vector<std::byte> scratch(launch.scratch_bytes);
  void* address = scratch.data();
  if (folds_[kernel] != nullptr) arguments.push_back(&address);
  arguments.push_back(const_cast<std::byte*>(launch.parameter.data()));
  // Clusters that walk over the rows are as many as run at once: two here.
  const unsigned grid_x = launch.cluster > 0 ? std::min(launch.grid_x, 2 * launch.cluster) : launch.grid_x;
  launchers_[kernel](arguments.data(), grid_x, launch.grid_y * launch.grid_z, launch.block_x, launch.block_y,
                     std::max(launch.cluster, 1u));
  if (launch.scratch_bytes == 0) return;
  folds_[kernel](arguments.data(), launch.fold.grid_x, 1, launch.fold.block_x, launch.fold.block_y, 1);
}

void HostCuda::launch(std::size_t kernel, ListTable& table, int threads, std::vector<void*> numbers) const {
  numbers.push_back(table.parameter());
  launchers_[kernel](numbers.data(), table.blocks(), 1, static_cast<unsigned>(threads), 1, 1);
}

}  // namespace gems::test
