// A library loaded at run time and its symbols; how the CUDA driver and NVRTC are reached without linking them.
#pragma once

#include <string>

namespace gems {

// Stays loaded for the life of the process once opened.
class SharedLibrary {
 public:
  SharedLibrary() = default;

  // Null library when there is none; *problem (if given) gets the loader's words.
  static SharedLibrary open(const std::string& path, std::string* problem = nullptr);
  // Only if the process has it already.
  static SharedLibrary find_loaded(const std::string& name);

  explicit operator bool() const { return handle_ != nullptr; }

  // Null when there is no such symbol.
  void* symbol(const char* name) const;

  // Sets function to the symbol; false when there is none.
  template <class Function>
  bool bind(Function*& function, const char* name) const {
    function = reinterpret_cast<Function*>(symbol(name));
    return function != nullptr;
  }

 private:
  explicit SharedLibrary(void* handle) : handle_(handle) {}
  void* handle_ = nullptr;
};

}  // namespace gems
