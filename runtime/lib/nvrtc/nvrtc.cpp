// The only file that calls NVRTC: finds and loads it, compiles, reports. See nvrtc.h.
#include "gems/runtime/nvrtc.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <link.h>

#include <array>
#include <filesystem>
#include <mutex>
#include <optional>

#include "gems/compiler/cuda.h"
#include "gems/dsl/error.h"
#include "gems/runtime/settings.h"
#include "nvrtc/dump.h"
#include "nvrtc/elf_build_id.h"
#include "nvrtc/nvrtc_api.h"
#include "nvrtc/shared_library.h"

namespace gems {
namespace {

using nvrtc_api::Functions;
using nvrtc_api::Program;
using nvrtc_api::Result;

constexpr std::array<const char*, 2> Names = {"libnvrtc.so.13", "libnvrtc.so.12"};
constexpr const char* ToolkitFolder = "/usr/local/cuda/lib64";

struct SearchPath {
  std::mutex mutex;
  std::vector<std::string> folders;
};

SearchPath& search_path() {
  static SearchPath& path = *new SearchPath;
  return path;
}

std::string first_existing(const std::string& folder) {
  for (const char* name : Names) {
    std::string path = folder + "/" + name;
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return path;
  }
  return "";
}

// The path of a loaded library whose file name starts with libnvrtc.so.
std::string loaded_path() {
  std::string found;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* to) {
        const std::string_view path = info->dlpi_name ? info->dlpi_name : "";
        const std::string_view file = path.substr(path.rfind('/') + 1);
        if (!file.starts_with("libnvrtc.so")) return 0;
        *static_cast<std::string*>(to) = path;
        return 1;
      },
      &found);
  return found;
}

// The file to load, when it can be told without loading; empty when the loader must search.
std::string known_path() {
  if (const std::string& set = settings().nvrtc_library; !set.empty()) return set;
  if (std::string path = loaded_path(); !path.empty()) return path;
  SearchPath& search = search_path();
  std::lock_guard lock(search.mutex);
  for (auto folder = search.folders.rbegin(); folder != search.folders.rend(); ++folder)
    if (std::string path = first_existing(*folder); !path.empty()) return path;
  return "";
}

struct Nvrtc {
  SharedLibrary library;
  Functions call;
  std::string problem;  // why library is not there
};

bool bind_all(const SharedLibrary& library, Functions& call) {
  return library.bind(call.get_error_string, "nvrtcGetErrorString") && library.bind(call.version, "nvrtcVersion") &&
         library.bind(call.create_program, "nvrtcCreateProgram") &&
         library.bind(call.destroy_program, "nvrtcDestroyProgram") &&
         library.bind(call.compile_program, "nvrtcCompileProgram") &&
         library.bind(call.get_cubin_size, "nvrtcGetCUBINSize") && library.bind(call.get_cubin, "nvrtcGetCUBIN") &&
         library.bind(call.get_ptx_size, "nvrtcGetPTXSize") && library.bind(call.get_ptx, "nvrtcGetPTX") &&
         library.bind(call.get_log_size, "nvrtcGetProgramLogSize") && library.bind(call.get_log, "nvrtcGetProgramLog");
}

Nvrtc load_nvrtc() {
  std::vector<std::string> candidates;
  if (std::string path = known_path(); !path.empty()) candidates.push_back(std::move(path));
  if (settings().nvrtc_library.empty()) {
    candidates.insert(candidates.end(), Names.begin(), Names.end());
    if (std::string path = first_existing(ToolkitFolder); !path.empty()) candidates.push_back(std::move(path));
  }
  Nvrtc nvrtc;
  std::vector<std::string> problems;
  for (const std::string& candidate : candidates) {
    std::string problem;
    nvrtc.library = SharedLibrary::open(candidate, &problem);
    if (nvrtc.library && bind_all(nvrtc.library, nvrtc.call)) return nvrtc;
    problems.push_back(nvrtc.library ? fmt::format("{} lacks a function of NVRTC 12", candidate) : problem);
  }
  nvrtc.library = {};
  nvrtc.problem = fmt::format(
      "NVRTC, which compiles CUDA kernels, was not found ({}). Install the CUDA toolkit or the Python package "
      "nvidia-cuda-nvrtc, or set GEMS_NVRTC to the path of libnvrtc.so.13",
      fmt::join(problems, "; "));
  return nvrtc;
}

const Nvrtc& loaded() {
  static const Nvrtc& nvrtc = *new Nvrtc(load_nvrtc());
  return nvrtc;
}

const Functions& functions() {
  const Nvrtc& nvrtc = loaded();
  if (!nvrtc.library) throw Error(nvrtc.problem);
  return nvrtc.call;
}

// One compile: the program object, and what every message about it names.
class Compilation {
 public:
  Compilation(const std::string& text, const std::string& name, std::string target)
      : call_(functions()), name_(name), target_(std::move(target)), kept_(dump_cuda_text(name, target_, text)) {
    const std::string file = name + ".cu";
    check("nvrtcCreateProgram", call_.create_program(&program_, text.c_str(), file.c_str(), 0, nullptr, nullptr));
  }
  ~Compilation() {
    if (program_) call_.destroy_program(&program_);
  }
  Compilation(const Compilation&) = delete;
  Compilation& operator=(const Compilation&) = delete;

  void compile() {
    const std::string arch = "--gpu-architecture=" + target_;
    std::vector<std::string> owned(nvrtc_options().begin(), nvrtc_options().end());
    owned.push_back(arch);
    std::vector<const char*> options;
    for (const std::string& option : owned) options.push_back(option.c_str());
    check("nvrtcCompileProgram", call_.compile_program(program_, static_cast<int>(options.size()), options.data()));
  }

  template <class Bytes>
  Bytes take(const char* what, Result (*get_size)(Program, std::size_t*), Result (*get)(Program, char*)) {
    std::size_t size_bytes = 0;
    check(what, get_size(program_, &size_bytes));
    Bytes bytes(size_bytes, '\0');
    check(what, get(program_, bytes.data()));
    return bytes;
  }

  const Functions& call() const { return call_; }

 private:
  void check(const char* what, Result result) const {
    if (result == 0) return;
    std::string log;
    std::size_t log_bytes = 0;
    if (program_ && call_.get_log_size(program_, &log_bytes) == 0 && log_bytes > 1) {
      log.resize(log_bytes);
      if (call_.get_log(program_, log.data()) != 0) log.clear();
      log.resize(log.find('\0') == std::string::npos ? log.size() : log.find('\0'));
    }
    throw Error(fmt::format(
        "{} returned {} ({}) for kernel {} on {}. {}{}{}", what, call_.get_error_string(result), result, name_, target_,
        kept_.empty() ? "Set GEMS_DUMP to a directory to keep the source" : fmt::format("The source is {}", kept_),
        log.empty() ? "" : "\n", log));
  }

  const Functions& call_;
  const std::string& name_;
  std::string target_;
  std::string kept_;
  Program program_ = nullptr;
};

}  // namespace

void add_nvrtc_search_path(std::string folder) {
  SearchPath& search = search_path();
  std::lock_guard lock(search.mutex);
  search.folders.push_back(std::move(folder));
}

bool has_nvrtc() { return static_cast<bool>(loaded().library); }

std::string nvrtc_version() {
  const Functions& call = functions();
  int major = 0;
  int minor = 0;
  if (const Result result = call.version(&major, &minor); result != 0)
    throw Error(fmt::format("nvrtcVersion returned {} ({})", call.get_error_string(result), result));
  return fmt::format("{}.{}", major, minor);
}

std::string nvrtc_build() {
  static const std::string& build = *new std::string([]() -> std::string {
    std::string path = known_path();
    if (path.empty()) {
      functions();
      path = loaded_path();
    }
    if (auto id = elf_build_id(path)) return "build " + *id;
    std::error_code error;
    const auto size_bytes = std::filesystem::file_size(path, error);
    return fmt::format("{} size {}", nvrtc_version(), error ? 0 : size_bytes);
  }());
  return build;
}

std::vector<char> compile_cubin(const std::string& text, const std::string& name, int arch) {
  Compilation compilation(text, name, fmt::format("sm_{}", arch));
  compilation.compile();
  return compilation.take<std::vector<char>>("nvrtcGetCUBIN", compilation.call().get_cubin_size,
                                             compilation.call().get_cubin);
}

std::string compile_ptx(const std::string& text, const std::string& name, int arch) {
  Compilation compilation(text, name, fmt::format("compute_{}", arch));
  compilation.compile();
  std::string ptx =
      compilation.take<std::string>("nvrtcGetPTX", compilation.call().get_ptx_size, compilation.call().get_ptx);
  while (!ptx.empty() && ptx.back() == '\0') ptx.pop_back();
  return ptx;
}

}  // namespace gems
