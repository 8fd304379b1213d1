// Gives each test program a cache directory of its own, before the settings are read: a test must not meet kernels of
// another build, nor leave any.
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#include <cstdlib>
#include <memory>

#include "temporary_directory.h"

namespace {

class TestEnvironment : public Catch::EventListenerBase {
 public:
  using EventListenerBase::EventListenerBase;
  void testRunStarting(const Catch::TestRunInfo&) override {
    dir_ = std::make_unique<gems::test::TemporaryDirectory>();
    ::setenv("GEMS_CACHE_DIR", dir_->path().c_str(), 1);
    for (const char* name : {"GEMS_CACHE", "GEMS_CACHE_READONLY", "GEMS_CACHE_MAXSIZE", "GEMS_CACHE_PATH",
                             "GEMS_DISABLE_JIT", "GEMS_DUMP", "GEMS_LOG"})
      ::unsetenv(name);
  }
  void testRunEnded(const Catch::TestRunStats&) override { dir_.reset(); }

 private:
  std::unique_ptr<gems::test::TemporaryDirectory> dir_;
};

}  // namespace

CATCH_REGISTER_LISTENER(TestEnvironment)
