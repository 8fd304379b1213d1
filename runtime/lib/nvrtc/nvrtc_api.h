// The part of NVRTC's C interface that gems calls, declared here so that building needs no CUDA toolkit. The names and
// types are those of nvrtc.h (12 and 13). Included by nvrtc.cpp only.
#pragma once

#include <cstddef>

namespace gems::nvrtc_api {

using Result = int;     // nvrtcResult; 0 is success
using Program = void*;  // nvrtcProgram

struct Functions {
  const char* (*get_error_string)(Result) = nullptr;
  Result (*version)(int* major, int* minor) = nullptr;
  Result (*create_program)(Program*, const char* text, const char* name, int header_count, const char* const* headers,
                           const char* const* include_names) = nullptr;
  Result (*destroy_program)(Program*) = nullptr;
  Result (*compile_program)(Program, int option_count, const char* const* options) = nullptr;
  Result (*get_cubin_size)(Program, std::size_t*) = nullptr;
  Result (*get_cubin)(Program, char*) = nullptr;
  Result (*get_ptx_size)(Program, std::size_t*) = nullptr;
  Result (*get_ptx)(Program, char*) = nullptr;
  Result (*get_log_size)(Program, std::size_t*) = nullptr;
  Result (*get_log)(Program, char*) = nullptr;
};

}  // namespace gems::nvrtc_api
