// Every GEMS_* environment variable, read once, here and nowhere else. Documented in docs/environment.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gems {

struct Settings {
  std::string cache_dir;                  // GEMS_CACHE_DIR, else XDG_CACHE_HOME/gems, else HOME/.cache/gems, else empty
  bool cache_shared = false;              // GEMS_CACHE_SHARED=1: accept a directory that others can write
  bool cache_readonly = false;            // GEMS_CACHE_READONLY=1
  bool cache_disabled = false;            // GEMS_CACHE=0: memory only
  bool strict = false;                    // GEMS_STRICT=1: raise instead of falling back to ATen
  bool log = false;                       // GEMS_LOG=1: one line per compile and per first launch, on stderr
  std::string nvrtc_library;              // GEMS_NVRTC: path of libnvrtc; else looked for (docs/environment.md)
  std::string dump_dir;                   // GEMS_DUMP: write every CUDA text compiled into this directory
};

const Settings& settings();

}  // namespace gems
