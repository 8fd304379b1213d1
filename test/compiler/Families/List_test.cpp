// List kernels as host C++, against the interpreter: which block has which elements of which entry, at any alignment,
// and nothing written outside the results.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <random>

#include "cuda_case.h"
#include "gems/compiler/list_table.h"
#include "trace_builder.h"

namespace gems::test {
namespace {

constexpr std::byte untouched{0xa5};
constexpr std::size_t margin = 64;

// Tensors that belong together, each in memory of its own that begins `offset` elements behind a multiple of 16 bytes.
struct Entry {
  std::int64_t count;
  std::vector<std::vector<std::byte>> memory;
  std::vector<void*> addresses;
  std::vector<std::vector<Element>> expected{};  // by element, then result

  Entry(const TraceGraph& graph, std::int64_t length, const std::vector<std::size_t>& offsets) : count(length) {
    const auto add = [&](DType dtype) {
      const std::size_t size = size_bytes(dtype);
      std::vector<std::byte>& bytes = memory.emplace_back((static_cast<std::size_t>(length) + 16) * size + 2 * margin);
      std::ranges::fill(bytes, untouched);
      const std::size_t offset = offsets[addresses.size() % offsets.size()];
      const auto address = reinterpret_cast<std::uintptr_t>(bytes.data());
      addresses.push_back(bytes.data() + margin - address % 16 + offset * size);
    };
    for (const TraceOperand& operand : graph.operands)
      if (operand.form == OperandForm::Tensor) add(operand.storage);
    for (const TraceResult& result : graph.results) add(result.dtype);
  }

  std::byte* at(std::size_t tensor, std::int64_t element, DType dtype) {
    return static_cast<std::byte*>(addresses[tensor]) + static_cast<std::size_t>(element) * size_bytes(dtype);
  }

  // The operands' elements, and what becomes of them. `numbers` are in memory as their dtypes are.
  void fill(const TraceGraph& graph, const std::vector<Element>& numbers, std::mt19937& random) {
    for (std::int64_t i = 0; i < count; ++i) {
      std::vector<Element> operands;
      std::size_t tensor = 0;
      std::size_t number = 0;
      for (const TraceOperand& operand : graph.operands) {
        if (operand.form == OperandForm::Number) {
          operands.push_back(numbers[number++]);
          continue;
        }
        operands.push_back(random_element(operand.storage, random, false));
        store_element(operands.back(), at(tensor++, i, operand.storage));
      }
      expected.push_back(interpret(graph, operands));
    }
  }

  // A description of the first difference, or an empty string.
  std::string difference(const TraceGraph& graph) {
    const std::size_t first = addresses.size() - graph.results.size();
    for (std::size_t r = 0; r < graph.results.size(); ++r) {
      const DType dtype = graph.results[r].dtype;
      for (std::int64_t i = 0; i < count; ++i) {
        const Element given = load_element(at(first + r, i, dtype), dtype);
        const Element& wanted = expected[static_cast<std::size_t>(i)][r];
        if (!is_close(given, wanted, 0))
          return fmt::format("result {} at {} of {}: {} instead of {}", r, i, count, to_text(given), to_text(wanted));
      }
      std::fill_n(at(first + r, 0, dtype), static_cast<std::size_t>(count) * size_bytes(dtype), untouched);
      if (!std::ranges::all_of(memory[first + r], [](std::byte byte) { return byte == untouched; }))
        return fmt::format("result {} was written outside its {} elements", r, count);
    }
    return {};
  }
};

class ListCase {
 public:
  explicit ListCase(TraceGraph graph)
      : graph_(std::move(graph)),
        kernel_(emit_cuda(graph_, {LayoutClass::List}, CudaTarget{90})),
        host_({kernel_}),
        schedule_(std::get<ListSchedule>(kernel_.schedule)) {}

  const ListSchedule& schedule() const { return schedule_; }

  void add(std::int64_t count, const std::vector<std::size_t>& offsets = {0}) {
    entries_.emplace_back(graph_, count, offsets);
  }

  // One launch of all entries.
  void check() {
    std::mt19937 random(5);
    std::vector<Element> numbers;
    std::vector<std::array<std::byte, 16>> bytes;
    for (const TraceOperand& operand : graph_.operands) {
      if (operand.form != OperandForm::Number) continue;
      numbers.push_back(random_element(operand.storage, random, true));
      store_element(numbers.back(), bytes.emplace_back().data());
    }
    std::vector<void*> addresses;
    for (auto& number : bytes) addresses.push_back(number.data());
    ListTable table(schedule_, entries_.front().addresses.size());
    for (Entry& entry : entries_) {
      entry.fill(graph_, numbers, random);
      table.add(entry.addresses, entry.count);
    }
    host_.launch(0, table, schedule_.threads, addresses);
    INFO(to_string(graph_));
    INFO(kernel_.body);
    for (Entry& entry : entries_) CHECK(entry.difference(graph_) == "");
  }

 private:
  TraceGraph graph_;
  CudaKernel kernel_;
  HostCuda host_;
  ListSchedule schedule_;
  std::vector<Entry> entries_;
};

TraceGraph sum_and_order() {
  TraceBuilder two("sum_and_order");
  const int x = two.tensor("x", DType::F16, DType::F32);
  const int y = two.tensor("y", DType::F32, DType::F32);
  two.result(two.add(ScalarOp::Add, {x, y}), DType::F16);
  two.result(two.add(ScalarOp::Lt, {x, y}));
  return two.take();
}

}  // namespace

TEST_CASE("a list kernel covers every element of every entry, aligned or not") {
  for (TraceGraph graph :
       {scaled_sum(DType::F32, DType::F32, DType::F32), scaled_sum(DType::BF16, DType::BF16, DType::BF16),
        sum_and_order(), single_op(ScalarOp::Sub, DType::C128)}) {
    ListCase list(std::move(graph));
    const std::int64_t chunk = list.schedule().elements();
    list.add(chunk + 1);
    for (const std::int64_t count : {1, 2, 7, 8, 9, 255, 1000}) list.add(count, {static_cast<std::size_t>(count) % 3});
    for (const std::int64_t count : {chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk + 5}) {
      list.add(count);
      list.add(count, {1});
      list.add(count, {0, 0, 1});
    }
    list.add(1);
    list.check();
  }
}

TEST_CASE("a list kernel finds each entry of a full table") {
  ListCase list(single_op(ScalarOp::Neg, DType::F32));
  for (std::size_t i = 0; i < ListEntries; ++i) list.add(i % 50 == 7 ? list.schedule().elements() + 3 : 1 + i % 5);
  list.check();
}

TEST_CASE("a list kernel may write its results over operands") {
  const TraceGraph graph = scaled_sum(DType::F32, DType::F32, DType::F32);
  const CudaKernel kernel = emit_cuda(graph, {LayoutClass::List}, CudaTarget{90});
  const auto& schedule = std::get<ListSchedule>(kernel.schedule);
  std::vector<float> x(static_cast<std::size_t>(schedule.elements()) + 3, 1);
  const std::vector<float> y(x.size(), 3);
  float alpha = 2;
  ListTable table(schedule, 3);
  table.add(std::array<void*, 3>{x.data(), const_cast<float*>(y.data()), x.data()}, std::ssize(x));
  HostCuda({kernel}).launch(0, table, schedule.threads, {&alpha});
  CHECK(std::ranges::all_of(x, [](float value) { return value == 7; }));
}

TEST_CASE("a list table counts the blocks of its entries") {
  const ListSchedule schedule{.width = 4, .vectors = 2, .threads = 32};
  ListTable table(schedule, 1);
  void* address = nullptr;
  const auto add = [&](std::int64_t count) { table.add({&address, 1}, count); };
  add(1), add(256), add(257);
  CHECK(table.blocks() == 4);
  CHECK(!table.is_full());
  for (std::size_t i = 3; i < ListEntries; ++i) add(1);
  CHECK(table.is_full());
  table.clear();
  CHECK((table.blocks() == 0 && !table.is_full()));
}

}  // namespace gems::test
