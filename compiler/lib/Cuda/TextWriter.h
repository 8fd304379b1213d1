// Lines of text with indentation; what the CUDA emitter writes to.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>

namespace gems::cuda {

class TextWriter {
 public:
  explicit TextWriter(std::size_t depth = 0) : depth_(depth) {}

  template <class... T>
  void line(fmt::format_string<T...> format, T&&... values) {
    text_.append(2 * depth_, ' ');
    fmt::format_to(std::back_inserter(text_), format, std::forward<T>(values)...);
    text_ += '\n';
  }
  // At the left margin, as it is.
  void raw(std::string_view text) { text_ += text; }

  // A line that ends in an opening brace; the matching close() is written by the caller.
  template <class... T>
  void open(fmt::format_string<T...> format, T&&... values) {
    line(format, std::forward<T>(values)...);
    ++depth_;
  }
  void close(std::string_view end = "}") {
    --depth_;
    line("{}", end);
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::size_t depth_;
};

}  // namespace gems::cuda
