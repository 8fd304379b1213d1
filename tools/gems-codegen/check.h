// The subcommand `check`: emits the catalogue, op by dtype by layout by arch, and compiles every kernel with NVRTC.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gems/compiler/schedule.h"
#include "gems/dsl/registry.h"

namespace gems::codegen {

struct CheckRequest {
  std::vector<CudaTarget> targets;
  std::string module_path;       // where the registry's ops are from; empty: the catalogue
  std::vector<std::string> ops;  // empty: all
  std::size_t sample = 0;        // 0: every case; else that many, spread over all, the same ones in every run
  unsigned threads = 0;          // 0: one for each processor
};

struct CheckFailure {
  std::string command;  // the `gems-codegen emit` that shows it
  std::string error;
};

struct CheckReport {
  std::size_t compiled = 0;
  std::size_t unsupported = 0;  // calls that their op refuses, with a reason
  std::size_t total = 0;        // cases before sampling
  double seconds = 0;
  std::vector<CheckFailure> failures;
};

CheckReport check_catalogue(const Registry& registry, const CheckRequest& request);
std::string to_text(const CheckReport& report);
std::string to_json(const CheckReport& report);

}  // namespace gems::codegen
