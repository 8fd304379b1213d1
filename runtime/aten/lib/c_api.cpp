// What the Python package calls through ctypes: the only symbols that the library exports. Text in and out is UTF-8;
// functions that can fail return an error text, or null. Returned text belongs to the library and holds until the same
// thread calls again. All are thread-safe.
#include <fmt/format.h>
#include <torch/version.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "gems/aten/report.h"
#include "gems/dsl/error.h"
#include "gems/runtime/cache.h"
#include "gems/runtime/log.h"
#include "gems/runtime/module_directory.h"
#include "gems/runtime/nvrtc.h"
#include "gems/runtime/settings.h"
#include "operators/module_operators.h"
#include "operators/operators.h"
#include "operators/trace_text.h"
#include "overrides/override_patterns.h"
#include "overrides/registration.h"
#include "overrides/table/override_table.h"
#include "switches/switches.h"
#include "torch/parallel.h"

#define GEMS_API extern "C" __attribute__((visibility("default"), used))

// The Python package looks for this text in the file before it loads it: loading against another PyTorch may crash, and
// so may calls through another interface. The interface is the declarations below, and changes its number with them,
// here and in runtime/aten/python/gems/_library.py.
__attribute__((used, retain)) static const char built_for[] =
    "gems_torch was built for torch " TORCH_VERSION ", interface 2";

namespace {

using namespace gems::aten;

thread_local std::string last_text;

template <class F>
const char* error_of(F&& act) {
  try {
    act();
    return nullptr;
  } catch (const std::exception& error) {
    last_text = error.what();
    return last_text.c_str();
  }
}

OverrideSet selected(const char* patterns, const OverrideSet& otherwise) {
  return patterns == nullptr ? otherwise : select_overrides(patterns);
}

OverrideSet everything() { return select_overrides("*"); }

void ready() {
  use_torch_threads();
  register_overrides();
}

// Entering the same scope again is a look-up.
ScopeMarker marker_for(ScopeMarker outer, const char* include, const char* exclude) {
  static std::mutex mutex;
  static auto* known = new std::map<std::tuple<ScopeMarker, bool, std::string, std::string>, ScopeMarker>;
  std::tuple key{outer, include != nullptr, std::string(include ? include : ""), std::string(exclude ? exclude : "")};
  const std::lock_guard lock(mutex);
  const auto found = known->find(key);
  if (found != known->end()) return found->second;
  const ScopeMarker marker = scope_within(outer, selected(include, everything()), selected(exclude, {}));
  known->emplace(std::move(key), marker);
  return marker;
}

}  // namespace

// include null: all. exclude null: none.
GEMS_API const char* gems_torch_enable(const char* include, const char* exclude) {
  return error_of([&] {
    const OverrideSet on = selected(include, everything());
    const OverrideSet off = selected(exclude, {});
    ready();
    switch_process_wide(on, off);
  });
}

GEMS_API const char* gems_torch_only_enable(const char* include) {
  return error_of([&] {
    const OverrideSet on = selected(include, everything());
    ready();
    replace_process_wide(on);
  });
}

GEMS_API void gems_torch_disable() { replace_process_wide({}); }

// before: what gems_torch_leave must be given, in the same thread.
GEMS_API const char* gems_torch_enter(const char* include, const char* exclude, std::uint16_t* before) {
  return error_of([&] {
    const ScopeMarker marker = marker_for(current_marker(), include, exclude);
    ready();
    *before = enter_scope(marker);
  });
}

GEMS_API void gems_torch_leave(std::uint16_t before) { enter_scope(before); }

// patterns null: is any on? Else: are all that match on? -1: no match, see gems_torch_error.
GEMS_API const char* gems_torch_is_enabled(const char* patterns, int* answer) {
  return error_of([&] {
    const OverrideSet asked = selected(patterns, everything());
    bool any = false;
    bool all = true;
    for (std::size_t i = 0; i < override_table().size(); ++i) {
      if (!asked.has(i)) continue;
      any = any || is_on(i);
      all = all && is_on(i);
    }
    *answer = patterns == nullptr ? any : all;
  });
}

// One name a line.
GEMS_API const char* gems_torch_all_ops() {
  last_text.clear();
  for (const std::string& name : all_override_names()) last_text += name + "\n";
  return last_text.c_str();
}

// JSON: [{"name", "calls", "served", "declined": {reason: count}, "compiles", "compile_ms"}].
GEMS_API const char* gems_torch_report() {
  std::string text = "[";
  for (const ReportRow& row : report()) {
    std::string declined;
    for (const auto& [reason, count] : row.declined)
      declined += fmt::format("{}\"{}\": {}", declined.empty() ? "" : ", ", reason, count);
    text += fmt::format(
        R"({}{{"name": "{}", "calls": {}, "served": {}, "declined": {{{}}}, "compiles": {}, "compile_ms": {}}})",
        text.size() > 1 ? ", " : "", row.name, row.calls, row.served, declined, row.compiles, row.compile_ms);
  }
  last_text = text + "]";
  return last_text.c_str();
}

GEMS_API void gems_torch_reset_report() { reset_report(); }

// What the log says goes to hear, on a thread that holds no lock, until it is called again; null: to nobody. Waits
// until hear before has had all of its own: a caller that hear may wait for must not hold what it waits for.
// level: 0 a kernel came from the cache, 1 a kernel was compiled, 2 a warning.
GEMS_API void gems_torch_log_to(void (*hear)(int level, double time_s, std::uint64_t thread, const char* text)) {
  static std::atomic<decltype(hear)> current{nullptr};
  gems::listen_to_log(nullptr);
  current.store(hear);
  if (hear == nullptr) return;
  gems::listen_to_log([](const gems::LogMessage& message) {
    current.load()(static_cast<int>(message.level), message.time_s, message.thread, message.text.c_str());
  });
}

// Why an ATen overload ("where.ScalarSelf") must not be overridden, or null.
GEMS_API const char* gems_torch_refusal(const char* name) {
  const std::string_view full = name;
  const auto dot = full.find('.');
  const auto why =
      refusal("aten::" + std::string(full.substr(0, dot)), dot == std::string_view::npos ? "" : full.substr(dot + 1));
  if (!why) return nullptr;
  last_text = *why;
  return last_text.c_str();
}

// Loads a module and registers its operators. *name: the module's.
GEMS_API const char* gems_torch_load(const char* path, const char** name) {
  thread_local std::string loaded;
  return error_of([&] {
    loaded = load_operators(path);
    *name = loaded.c_str();
  });
}

// Where modules that gems.load_inline compiles are kept, or empty where none is to be kept; see docs/cache.md.
GEMS_API const char* gems_torch_module_directory() {
  last_text = gems::module_directory();
  return last_text.c_str();
}

// What the runtime finds on this machine, a name and a value a line: cache_dir, cache_usable (0 or 1), and nvrtc with
// its version or nvrtc_problem.
GEMS_API const char* gems_torch_environment() {
  std::string text =
      fmt::format("cache_dir {}\ncache_usable {:d}\n", gems::settings().cache_dir, gems::process_cache().is_open());
  try {
    text += "nvrtc " + gems::nvrtc_version() + "\n";
  } catch (const std::exception& error) {
    text += fmt::format("nvrtc_problem {}\n", error.what());
  }
  last_text = std::move(text);
  return last_text.c_str();
}

// One name a line, with its namespace: "gems::gelu".
GEMS_API const char* gems_torch_operators() {
  last_text.clear();
  for (const std::string& name : operator_names()) last_text += name + "\n";
  return last_text.c_str();
}

// The trace of a call of an operator (operators/trace_text.h), in *text until this thread calls again.
GEMS_API const char* gems_torch_trace(const char* name, const char* call, const char** text) {
  return error_of([&] {
    last_text = trace_text(name, call);
    *text = last_text.c_str();
  });
}
