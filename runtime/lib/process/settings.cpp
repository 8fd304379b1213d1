// Reads the environment. See settings.h.
#include "gems/runtime/settings.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <thread>

#include "process/log.h"

namespace gems {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool is_on(const char* name, bool otherwise) {
  const std::string_view value = variable(name);
  if (value.empty()) return otherwise;
  if (value == "1" || value == "true" || value == "on" || value == "yes") return true;
  if (value == "0" || value == "false" || value == "off" || value == "no") return false;
  warn(fmt::format("{}={} is not understood; use 0 or 1. Going on with {}", name, value, otherwise ? 1 : 0));
  return otherwise;
}

// The default is never /tmp and never the current directory: an entry is code, and others could write it there.
std::string default_cache_dir() {
  const auto absolute = [](std::string_view path) { return !path.empty() && path.front() == '/'; };
  if (const auto dir = variable("GEMS_CACHE_DIR"); !dir.empty()) return std::string(dir);
  if (const auto dir = variable("XDG_CACHE_HOME"); absolute(dir)) return std::string(dir) + "/gems";
  if (const auto dir = variable("HOME"); absolute(dir)) return std::string(dir) + "/.cache/gems";
  return "";
}

std::vector<std::string> directories(std::string_view list) {
  std::vector<std::string> found;
  while (!list.empty()) {
    const auto colon = list.find(':');
    if (const auto dir = list.substr(0, colon); !dir.empty()) found.emplace_back(dir);
    list = colon == std::string_view::npos ? std::string_view() : list.substr(colon + 1);
  }
  return found;
}

std::optional<std::uint64_t> parse_size_bytes(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view suffix(end, text.data() + text.size());
  int shift = 0;
  if (suffix == "K" || suffix == "k") {
    shift = 10;
  } else if (suffix == "M" || suffix == "m") {
    shift = 20;
  } else if (suffix == "G" || suffix == "g") {
    shift = 30;
  } else if (!suffix.empty()) {
    return std::nullopt;
  }
  if (number > (~0ull >> shift)) return std::nullopt;
  return number << shift;
}

std::uint64_t max_size_bytes(std::uint64_t otherwise) {
  const std::string_view value = variable("GEMS_CACHE_MAXSIZE");
  if (value.empty()) return otherwise;
  if (const auto size = parse_size_bytes(value)) return *size;
  warn(fmt::format("GEMS_CACHE_MAXSIZE={} is not understood; use bytes, or a number with K, M or G. Going on with {}",
                   value, otherwise));
  return otherwise;
}

// OMP_NUM_THREADS may be a list, one number per nesting level; the first one counts.
int thread_count() {
  const std::string_view value = variable("OMP_NUM_THREADS");
  int count = 0;
  if (std::from_chars(value.data(), value.data() + value.size(), count).ec == std::errc() && count > 0) return count;
  const unsigned processors = std::thread::hardware_concurrency();
  return processors > 0 ? static_cast<int>(processors) : 1;
}

}  // namespace

Settings read_settings() {
  Settings s;
  s.cache_dir = default_cache_dir();
  s.cache_layers = directories(variable("GEMS_CACHE_PATH"));
  s.jit_disabled = is_on("GEMS_DISABLE_JIT", false);
  s.cache_shared = is_on("GEMS_CACHE_SHARED", false);
  s.cache_readonly = is_on("GEMS_CACHE_READONLY", false);
  s.cache_disabled = !is_on("GEMS_CACHE", true);
  s.cache_max_bytes = max_size_bytes(s.cache_max_bytes);
  s.strict = is_on("GEMS_STRICT", false);
  s.log = is_on("GEMS_LOG", false);
  s.nvrtc_library = variable("GEMS_NVRTC");
  s.dump_dir = variable("GEMS_DUMP");
  s.threads = thread_count();
  return s;
}

const Settings& settings() {
  static const Settings read_once = read_settings();
  return read_once;
}

}  // namespace gems
