// Where the tests find NVRTC beside the loader's path: in the Python environment of the checkout.
#pragma once

#include "gems/runtime/nvrtc.h"

namespace gems::test {

// Call before the first use of NVRTC. False: there is none on this machine, the test skips.
inline bool find_nvrtc() {
  static const bool found = [] {
    if (*GEMS_TEST_NVRTC_FOLDER) add_nvrtc_search_path(GEMS_TEST_NVRTC_FOLDER);
    return has_nvrtc();
  }();
  return found;
}

}  // namespace gems::test
