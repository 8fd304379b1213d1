// Lists the cases first, so that a sample is spread evenly over them, then compiles them in a few threads.
#include "check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "call.h"
#include "gems/compiler/cuda.h"
#include "gems/dsl/error.h"
#include "gems/dsl/trace.h"
#include "gems/runtime/nvrtc.h"
#include "layouts.h"

namespace gems::codegen {
namespace {

// A call of an op as the words of `gems-codegen emit`.
struct Case {
  CallText call;
  LayoutText layout;
  CudaTarget target;
};

std::string command(const Case& c, std::string_view module_path) {
  std::string text = "gems-codegen";
  if (!module_path.empty()) text += fmt::format(" --module {}", module_path);
  text += fmt::format(" emit {} --dtypes {}", c.call.op, fmt::join(c.call.dtypes, ","));
  for (const std::string& number : c.call.numbers) text += fmt::format(" --number {}", number);
  for (const std::string& absent : c.call.absent) text += fmt::format(" --absent {}", absent);
  for (const std::string& flag : c.call.flags) text += fmt::format(" --flag {}", flag);
  for (const std::string& single : c.layout.singles) text += fmt::format(" --single {}", single);
  if (c.layout.held != LayoutText{}.held) text += fmt::format(" --held {}", c.layout.held);
  return text + fmt::format(" --layout {} --arch sm_{} --stop-after cubin -o /dev/null", c.layout.cls, c.target.arch);
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

std::optional<TraceGraph> trace_if_supported(const Registry& registry, const CallText& text) {
  const Call call = make_call(registry, text);
  try {
    return trace(*call.op, call.operands);
  } catch (const Error&) {
    return std::nullopt;
  }
}

// The values that a flag is tried with: those it lists, modes that ops of the catalogue know, both switches.
std::vector<std::string> flag_values(const OperandDef& flag) {
  std::vector<std::string> choices;
  for (const FlagValue& choice : flag.choices) choices.push_back(to_string(choice));
  if (!choices.empty()) return choices;
  if (!flag.default_flag || flag.default_flag->kind == FlagValue::Kind::Bool) return {"false", "true"};
  if (flag.default_flag->kind == FlagValue::Kind::Int) return {to_string(*flag.default_flag)};
  if (flag.name == "rounding_mode") return {"None", "floor", "trunc"};
  return {to_string(*flag.default_flag)};
}

// Calls of one op: every dtype alone, a few pairs of dtypes, the last tensor as a number, each value of each flag.
std::vector<CallText> calls_of(const OpDef& op) {
  std::vector<std::string_view> tensors;
  for (const OperandDef& operand : op.operands)
    if (operand.kind == OperandKind::Tensor) tensors.push_back(operand.name);
  const auto in_memory = static_cast<std::size_t>(std::ranges::count_if(op.operands, [](const OperandDef& operand) {
    return operand.kind != OperandKind::Scalar && operand.kind != OperandKind::Flag;
  }));

  std::vector<std::string> optional;
  for (const OperandDef& operand : op.operands)
    if (operand.is_optional) optional.emplace_back(operand.name);
  std::vector<CallText> calls;
  for (const DTypeInfo& dtype : dtype_table) {
    const std::string text(dtype.name);
    calls.push_back(
        {.op = std::string(op.name), .dtypes = {text}, .numbers = {}, .absent = {}, .flags = {}, .result_dtypes = {}});
    if (!optional.empty()) {
      calls.push_back(calls.back());
      calls.back().absent = optional;
    }
    if (tensors.size() > 1 && !op.is_rowwise) {
      calls.push_back(calls.back());
      calls.back().numbers = {std::string(tensors.back())};
    }
  }
  if (in_memory > 1) {
    for (const auto& [first, others] :
         {std::pair{"f32", "bf16"}, {"bf16", "f32"}, {"u8", "f16"}, {"f64", "bool"}, {"bool", "f16"}}) {
      CallText& call = calls.emplace_back();
      call.op = op.name;
      call.dtypes.assign(in_memory, others);
      call.dtypes.front() = first;
    }
  }
  for (const OperandDef& flag : op.operands) {
    if (flag.kind != OperandKind::Flag) continue;
    std::vector<CallText> with_flag;
    for (const CallText& call : calls)
      for (const std::string& value : flag_values(flag)) {
        with_flag.push_back(call);
        with_flag.back().flags.push_back(fmt::format("{}={}", flag.name, value));
      }
    calls = std::move(with_flag);
  }
  return calls;
}

std::vector<std::string> last_tensor(const TraceGraph& graph) {
  for (auto operand = graph.operands.rbegin(); operand != graph.operands.rend(); ++operand)
    if (operand->form == OperandForm::Tensor) return {operand->name};
  return {};
}

std::vector<Case> list_cases(const Registry& registry, const CheckRequest& request, std::size_t& unsupported) {
  std::vector<const OpDef*> ops;
  for (const std::string& name : request.ops) ops.push_back(&find_op(registry, name));
  if (ops.empty()) ops = registry.all();

  std::vector<Case> cases;
  for (const OpDef* op : ops) {
    for (const CallText& call : calls_of(*op)) {
      const std::optional<TraceGraph> graph = trace_if_supported(registry, call);
      if (!graph) {
        ++unsupported;
        continue;
      }
      for (const CudaTarget target : request.targets) {
        for (const LayoutText& layout : layouts_of(*graph, target)) cases.push_back({call, layout, target});
        if (!op->is_rowwise) cases.push_back({call, {.cls = "flat", .singles = last_tensor(*graph)}, target});
      }
    }
  }
  return cases;
}

// The order of a case in the sample follows from its own text, so that adding an op moves no other case.
void keep_sample(std::vector<Case>& cases, std::size_t count) {
  if (count == 0 || count >= cases.size()) return;
  std::ranges::sort(cases, {}, [](const Case& c) { return fnv1a(command(c, {})); });
  cases.resize(count);
}

void compile_case(const Registry& registry, const Case& c) {
  const std::optional<TraceGraph> graph = trace_if_supported(registry, c.call);
  const Layout layout = make_layout(c.layout, *graph, c.target);
  const CudaKernel kernel = emit_cuda(*graph, layout, c.target);
  compile_cubin(kernel.text, kernel.name, c.target.arch);
}

}  // namespace

CheckReport check_catalogue(const Registry& registry, const CheckRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  CheckReport report;
  std::vector<Case> cases = list_cases(registry, request, report.unsupported);
  report.total = cases.size();
  keep_sample(cases, request.sample);

  std::atomic<std::size_t> next = 0;
  std::mutex failures_mutex;
  const auto work = [&] {
    for (std::size_t i = next++; i < cases.size(); i = next++) {
      try {
        compile_case(registry, cases[i]);
      } catch (const Error& error) {
        const std::lock_guard lock(failures_mutex);
        report.failures.push_back({command(cases[i], request.module_path), error.what()});
      }
    }
  };
  {
    const unsigned threads = request.threads != 0 ? request.threads : std::max(1u, std::thread::hardware_concurrency());
    std::vector<std::jthread> pool;
    for (unsigned i = 0; i < threads; ++i) pool.emplace_back(work);
  }
  std::ranges::sort(report.failures, {}, &CheckFailure::command);
  report.compiled = cases.size() - report.failures.size();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

std::string to_text(const CheckReport& report) {
  std::string text;
  for (const CheckFailure& failure : report.failures)
    text += fmt::format("FAILED {}\n  {}\n", failure.command, failure.error);
  return text +
         fmt::format("{} kernels compiled, {} failed, of {} ({} calls are not supported by their op), {:.0f} s\n",
                     report.compiled, report.failures.size(), report.total, report.unsupported, report.seconds);
}

std::string to_json(const CheckReport& report) {
  nlohmann::ordered_json json{{"compiled", report.compiled}, {"failed", report.failures.size()},
                              {"total", report.total},       {"unsupported", report.unsupported},
                              {"seconds", report.seconds},   {"failures", nlohmann::ordered_json::array()}};
  for (const CheckFailure& failure : report.failures)
    json["failures"].push_back({{"command", failure.command}, {"error", failure.error}});
  return json.dump(2) + "\n";
}

}  // namespace gems::codegen
