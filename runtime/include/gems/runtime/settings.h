// Every GEMS_* environment variable, read once, here and nowhere else. Documented in docs/environment.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gems {

struct Settings {
  std::string cache_dir;                  // GEMS_CACHE_DIR, else XDG_CACHE_HOME/gems, else HOME/.cache/gems, else empty
  std::vector<std::string> cache_layers;  // GEMS_CACHE_PATH: directories that are only read, separated by colons
  bool jit_disabled = false;              // GEMS_DISABLE_JIT=1: what is not in the cache is an error
  bool cache_shared = false;              // GEMS_CACHE_SHARED=1: accept a directory that others can write
  bool cache_readonly = false;            // GEMS_CACHE_READONLY=1
  bool cache_disabled = false;            // GEMS_CACHE=0: memory only
  std::uint64_t cache_max_bytes = 1ull << 30;  // GEMS_CACHE_MAXSIZE: bytes, or with a suffix K, M, G
  bool strict = false;                         // GEMS_STRICT=1: raise instead of falling back to ATen
  bool log = false;                            // GEMS_LOG=1: one line per compile and per first launch, on stderr
  std::string nvrtc_library;                   // GEMS_NVRTC: path of libnvrtc; else looked for (docs/environment.md)
  std::string dump_dir;                        // GEMS_DUMP: write every CUDA text compiled into this directory
  int threads = 1;                             // OMP_NUM_THREADS, else the processors this process may use
};

// Thread-safe. The first call reads the environment; a value that cannot be understood is reported on stderr, once, and
// the default is used.
const Settings& settings();

// The environment as it is now; for tests and for settings().
Settings read_settings();

}  // namespace gems
