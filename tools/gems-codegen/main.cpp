// gems-codegen: prints the ops of the catalogue and the code they become. Parses the command line; 0 is success, 2 a
// command line that asks for something that does not exist, 1 any other failure.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "call.h"
#include "check.h"
#include "emit.h"
#include "gems/modules/load_module.h"
#include "gems/ops/catalogue.h"
#include "layouts.h"
#include "listing.h"
#include "python_nvrtc.h"
#include "usage_error.h"
#include "version.h"

namespace gems::codegen {
namespace {

struct EmitOptions {
  CallText call;
  LayoutText layout;
  std::string arch = "sm_90";
  int memory_gbps = 0;
  std::string stage = "cuda";
  std::string output;
  bool json = false;
};

struct CheckOptions {
  std::vector<std::string> archs{"sm_80", "sm_90", "sm_100"};
  CheckRequest request;
  bool json = false;
};

constexpr const char* examples = R"(Examples:
  gems-codegen list
  gems-codegen show silu_and_mul
  gems-codegen emit silu_and_mul --dtypes f16,f16 -o silu_and_mul.cu
  gems-codegen emit gelu --dtypes bf16 --flag approximate=tanh --stop-after trace
  gems-codegen emit add --dtypes f32,bf16 --layout rows --arch sm_100
  gems-codegen emit softmax --dtypes bf16 --layout row_held --held 8
  gems-codegen emit add --dtypes f32 --number y --stop-after ptx
  gems-codegen emit add --dtypes f32 --stop-after cubin | sha256sum
  gems-codegen check --arch sm_80,sm_90 --sample 500
  gems-codegen --module build/my_ops.so emit swish_glu --dtypes bf16)";

std::string layout_help() {
  std::string text;
  for (const bool is_rowwise : {false, true}) {
    text += is_rowwise ? "Layouts of rowwise ops:\n" : "Layouts:\n";
    for (const LayoutTraits& layout : codegen::rows_of(is_rowwise))
      text += fmt::format("  {:<21} {}\n", layout.name, layout.meaning);
  }
  return text;
}

void write_output(const EmitOptions& options, const std::string& bytes) {
  if (options.output.empty()) {
    const bool is_written =
        std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() && std::fflush(stdout) == 0;
    if (!is_written) throw Error(fmt::format("standard output took no more: {}", std::strerror(errno)));
    return;
  }
  std::ofstream file(options.output, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) throw UsageError(fmt::format("cannot write '{}'; give -o a file in a folder that exists", options.output));
}

int run_emit(const Registry& registry, const EmitOptions& options) {
  if (options.stage == "cubin" && options.output.empty() && !options.json && ::isatty(STDOUT_FILENO))
    throw UsageError("a cubin is binary, and standard output is a terminal: give a file with -o FILE, or pipe it on");
  EmitRequest request;
  request.call = make_call(registry, options.call);
  request.layout = options.layout;
  request.target = parse_arch(options.arch);
  request.target.memory_gbps = options.memory_gbps;
  request.stage = options.stage;
  request.json = options.json;
  write_output(options, emit(request));
  return 0;
}

int run_check(const Registry& registry, CheckOptions& options) {
  for (const std::string& arch : options.archs) options.request.targets.push_back(parse_arch(arch));
  const CheckReport report = check_catalogue(registry, options.request);
  fmt::print("{}", options.json ? to_json(report) : to_text(report));
  return report.failures.empty() ? 0 : 1;
}

void add_emit_options(CLI::App& emit, EmitOptions& options) {
  emit.add_option("op", options.call.op, "name of the op, as 'gems-codegen list' prints it")->required();
  emit.add_option("--dtypes", options.call.dtypes, "dtype of each tensor, or one for all (f32 unless given)")
      ->delimiter(',')
      ->allow_extra_args(false);
  emit.add_option("--layout", options.layout.cls,
                  "a name of the list below (flat unless given, row_held of a rowwise op)");
  emit.add_option("--held", options.layout.held, "of row_held: vectors of a row that a thread holds, 4 or 8")
      ->check(CLI::IsMember({4, 8}));
  emit.add_option("--single", options.layout.singles, "OPERAND: a tensor without dimensions, one element for all")
      ->allow_extra_args(false);
  emit.add_option("--number", options.call.numbers, "OPERAND or OPERAND=DTYPE: pass a number here, not a tensor")
      ->allow_extra_args(false);
  emit.add_option("--absent", options.call.absent, "OPERAND: leave out an operand that is Optional")
      ->allow_extra_args(false);
  emit.add_option("--flag", options.call.flags, "FLAG=VALUE, e.g. approximate=tanh")->allow_extra_args(false);
  emit.add_option("--result-dtypes", options.call.result_dtypes, "store into these (in-place, out=), not the promoted")
      ->delimiter(',')
      ->allow_extra_args(false);
  emit.add_option("--arch", options.arch, "sm_90 unless given");
  emit.add_option("--memory-gbps", options.memory_gbps, "peak of the GPU's memory: 3350 for an H100, 4900 for an H200")
      ->check(CLI::NonNegativeNumber);
  emit.add_option(
      "--stop-after", options.stage,
      fmt::format(
          "print this stage: {} (cuda unless given; lowered and llvm: the CPU kernel of the innermost dimension)",
          fmt::join(emit_stages(), ", ")));
  emit.add_option("-o,--output", options.output, "write to this file");
  emit.add_flag("--json", options.json, "operands, layout, schedule and text as JSON");
  emit.footer(layout_help() + "\n" + examples);
}

void add_check_options(CLI::App& check, CheckOptions& options) {
  check.add_option("op", options.request.ops, "only these ops (all unless given)");
  check.add_option("--arch", options.archs, "sm_80,sm_90,sm_100 unless given")->delimiter(',')->allow_extra_args(false);
  check.add_option("--sample", options.request.sample, "compile this many kernels, always the same, spread over all");
  check.add_option("--threads", options.request.threads, "one for each processor unless given");
  check.add_flag("--json", options.json, "the report as JSON");
  check.footer(examples);
}

// The ops that the subcommands see: those of gems, or those of a module.
Registry registry_of(const std::string& module_path) {
  Registry registry;
  if (module_path.empty()) {
    for (const Registry* catalogue : {&ops::catalogue(), &ops::rowwise_catalogue()})
      for (const OpDef* op : catalogue->all()) registry.add(*op);
    return registry;
  }
  try {
    for (const OpDef* op : load_module(module_path).ops) registry.add(*op);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  return registry;
}

int run(int argc, char** argv) {
  CLI::App app{"Prints the ops that gems defines and the code they become.", "gems-codegen"};
  app.set_version_flag("--version", version_text("gems-codegen"));
  app.require_subcommand(1);
  app.footer(examples);
  std::string module_path;
  app.add_option("--module", module_path, "FILE: the ops of this module (docs/modules.md), not those of gems");

  bool json = false;
  CLI::App* list = app.add_subcommand("list", "all ops, with their operands");
  list->add_flag("--json", json, "as JSON");

  std::string shown_op;
  CLI::App* show = app.add_subcommand("show", "one op: operands, promotion, dtypes");
  show->add_option("op", shown_op, "name of the op")->required();
  show->add_flag("--json", json, "as JSON");

  EmitOptions emit_options;
  CLI::App* emit = app.add_subcommand("emit", "the code of one variant of an op, at any stage");
  add_emit_options(*emit, emit_options);

  CheckOptions check_options;
  CLI::App* check = app.add_subcommand("check", "compile kernels of all ops, dtypes and layouts with NVRTC");
  add_check_options(*check, check_options);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  add_python_nvrtc();
  try {
    const Registry registry = registry_of(module_path);
    check_options.request.module_path = module_path;
    if (*list) {
      fmt::print("{}", json ? list_ops_json(registry) : list_ops(registry));
    } else if (*show) {
      const OpDef& op = find_op(registry, shown_op);
      fmt::print("{}", json ? show_op_json(op) : show_op(op));
    } else if (*emit) {
      return run_emit(registry, emit_options);
    } else if (*check) {
      return run_check(registry, check_options);
    }
  } catch (const UsageError& error) {
    fmt::print(stderr, "gems-codegen: {}\n", error.what());
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace gems::codegen

int main(int argc, char** argv) {
  try {
    return gems::codegen::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gems-codegen: %s\n", error.what());
    return 1;
  }
}
