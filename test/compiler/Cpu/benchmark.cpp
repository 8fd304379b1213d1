// Prints the throughput of CPU kernels in GB/s and what one costs to compile: benchmark [elements] [threads] [op].
// Compare with benchmark_eager.py, which runs the same table through PyTorch.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gems/dsl/interpreter.h"
#include "gems/dsl/op.h"
#include "gems/ops/catalogue.h"
#include "kernels.h"

namespace {

using namespace gems;
using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

constexpr int Inner = 20;

struct Row {
  const char* op;
  int tensors;
  const char* flag;
};

constexpr Row rows[] = {{"add", 2, ""},      {"mul", 2, ""},     {"exp", 1, ""},
                        {"gelu", 1, "none"}, {"tanh", 1, ""},    {"gelu", 1, "tanh"},
                        {"silu", 1, ""},     {"sigmoid", 1, ""}, {"silu_and_mul", 2, ""}};

TraceGraph trace_row(const Row& row, DType dtype) {
  const OpDef* op = ops::catalogue().find(row.op);
  if (op == nullptr) throw std::runtime_error(std::string("no op ") + row.op);
  std::vector<CallOperand> operands;
  int tensors = row.tensors;
  for (const OperandDef& operand : op->operands) {
    if (operand.kind == OperandKind::Flag)
      operands.push_back({.kind = CallOperand::Kind::Flag, .flag = FlagValue(row.flag)});
    else if (operand.kind == OperandKind::Tensor && tensors-- > 0)
      operands.push_back({.kind = CallOperand::Kind::Tensor, .dtype = dtype});
    else
      operands.push_back({.kind = CallOperand::Kind::Number, .dtype = DType::I64});
  }
  return trace(*op, operands);
}

void fill(std::vector<char>& bytes, DType dtype) {
  for (std::size_t i = 0; i < bytes.size() / size_bytes(dtype); ++i) {
    const Element value{.dtype = DType::F64, .value = static_cast<double>(i * 2654435761U % 8000) / 1000 - 4};
    store_element(cast_element(value, dtype), bytes.data() + i * size_bytes(dtype));
  }
}

void run_row(const Row& row, DType dtype, std::size_t count, int threads) {
  const TraceGraph graph = trace_row(row, dtype);
  const CpuLayout layout = test::contiguous(graph);
  std::vector<double> compile_ms;
  CpuObject object;
  for (int i = 0; i < 5; ++i) {
    const auto start = Clock::now();
    object = compile_cpu(graph, layout);
    compile_ms.push_back(milliseconds_since(start));
  }
  const auto load_start = Clock::now();
  const CpuKernel kernel = load_cpu(object);
  const double load_ms = milliseconds_since(load_start);

  const std::size_t width = size_bytes(dtype);
  std::vector<std::vector<char>> buffers(row.tensors + 1, std::vector<char>(count * width));
  for (auto& buffer : buffers) fill(buffer, dtype);
  const float one = 1;
  const void* const numbers[] = {&one, &one};
  auto run_part = [&](std::size_t begin, std::size_t end) {
    std::vector<char*> data;
    for (auto& buffer : buffers) data.push_back(buffer.data() + begin * width);
    kernel(data.data(), nullptr, numbers, static_cast<std::int64_t>(end - begin));
  };
  // Each thread counts its own processor time, so that a busy machine changes the result less.
  std::vector<double> rates;
  const double bytes = static_cast<double>(buffers.size() * count * width);
  for (int repeat = 0; repeat < 7; ++repeat) {
    std::vector<std::thread> workers;
    std::vector<double> seconds(threads);
    for (int t = 0; t < threads; ++t)
      workers.emplace_back([&, t] {
        const double start = thread_seconds();
        for (int i = 0; i < Inner; ++i) run_part(count * t / threads / 64 * 64, count * (t + 1) / threads / 64 * 64);
        seconds[t] = thread_seconds() - start;
      });
    for (std::thread& worker : workers) worker.join();
    double rate = 0;
    for (double own : seconds) rate += Inner * bytes / threads / own;
    rates.push_back(rate);
  }
  std::sort(rates.begin(), rates.end());
  std::sort(compile_ms.begin(), compile_ms.end());
  std::printf("%-14s %-5s %-4s %7.1f GB/s   compile %5.1f ms, load %4.1f ms, object %5zu bytes\n", row.op, row.flag,
              std::string(name(dtype)).c_str(), rates[rates.size() / 2] / 1e9, compile_ms[compile_ms.size() / 2],
              load_ms, object.bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::size_t(1) << 21;
  const int threads = argc > 2 ? std::atoi(argv[2]) : 2;
  std::printf("%zu elements, %d threads, %s\n", count, threads, cpu_target().substr(0, cpu_target().find(' ')).c_str());
  for (DType dtype : {DType::F32, DType::BF16})
    for (const Row& row : rows)
      if (argc <= 3 || std::string(argv[3]) == row.op) run_row(row, dtype, count, threads);
}
