// dlopen and dlsym. See shared_library.h.
#include "nvrtc/shared_library.h"

#include <dlfcn.h>

namespace gems {

SharedLibrary SharedLibrary::open(const std::string& path, std::string* problem) {
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle && problem) {
    const char* text = ::dlerror();
    *problem = text ? text : "unknown error";
  }
  return SharedLibrary(handle);
}

SharedLibrary SharedLibrary::find_loaded(const std::string& name) {
  return SharedLibrary(::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD));
}

void* SharedLibrary::symbol(const char* name) const { return handle_ ? ::dlsym(handle_, name) : nullptr; }

}  // namespace gems
