// Runs rowwise kernels as host C++ and compares them with the interpreter.
#include "row_case.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "gems/compiler/cuda.h"
#include "gems/compiler/launch_geometry.h"
#include "gems/compiler/row_layout.h"
#include "gems/dsl/interpreter.h"
#include "host_cuda.h"

namespace gems::test {
namespace {

constexpr std::byte untouched{0xa5};
constexpr std::size_t margin = 64;

struct Tensor {
  DType dtype;
  Extent extent;
  std::vector<std::int64_t> strides{};  // reduced dimensions, then kept ones
  std::vector<std::byte> bytes{};
  std::size_t base = 0;

  void* at(std::int64_t element) { return bytes.data() + base + static_cast<std::size_t>(element) * size_bytes(dtype); }
};

std::int64_t product(const std::vector<std::int64_t>& sizes) {
  std::int64_t all = 1;
  for (const std::int64_t size : sizes) all *= size;
  return all;
}

Element random_value(DType dtype, RowValues values, std::mt19937& random) {
  static constexpr double special[] = {std::numeric_limits<double>::quiet_NaN(),
                                       std::numeric_limits<double>::infinity(),
                                       -std::numeric_limits<double>::infinity()};
  const auto real = [&]() -> double {
    switch (values) {
      case RowValues::Counting:
        return static_cast<double>(random() % 7) - 3;
      case RowValues::Signs:
        return random() % 2 == 0 ? 1 : -1;
      case RowValues::Tame:
        return (static_cast<double>(random() % 2049) - 1024) / 512;
      case RowValues::Special:
        if (random() % 16 == 0) return special[random() % 3];
        [[fallthrough]];
      case RowValues::Moderate:
        return (static_cast<double>(random() % 2049) - 1024) / 256;
    }
    return 0;
  };
  Element element{.dtype = dtype};
  if (is_bool(dtype)) {
    element.integer = random() % 2;
  } else if (is_integral(dtype)) {
    element.integer = static_cast<std::int64_t>(random() % 5) + (is_signed(dtype) ? -2 : 0);
  } else {
    element.value = {real(), is_complex(dtype) ? real() : 0};
    std::array<std::byte, 16> bytes{};
    Element wide = element;
    wide.dtype = is_complex(dtype) ? DType::C128 : DType::F64;
    store_element(cast_element(wide, dtype), bytes.data());
    element = load_element(bytes.data(), dtype);
  }
  return element;
}

bool is_near(const Element& given, const Element& expected, double tolerance) {
  if (is_integral(expected.dtype)) return given.integer == expected.integer;
  const auto part = [&](double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    return a == b || std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b));
  };
  return part(given.value.real(), expected.value.real()) && part(given.value.imag(), expected.value.imag());
}

std::string text_of(const Element& element) {
  if (is_integral(element.dtype)) return fmt::format("{}", element.integer);
  return fmt::format("{:.9g} {:.9g}", element.value.real(), element.value.imag());
}

class Table {
 public:
  Table(const RowCase& test, std::uint32_t seed)
      : test_(test), columns_(product(test.reduced)), rows_(product(test.kept)) {
    for (const TraceOperand& operand : test.graph.operands)
      if (operand.form == OperandForm::Tensor) add(operand.storage, operand.extent);
    reads_ = tensors_.size();
    for (const TraceResult& result : test.graph.results) add(result.dtype, result.extent);
    fill(seed);
    geometry_.rank = static_cast<int>(test.reduced.size() + test.kept.size());
    geometry_.reduced_rank = static_cast<int>(test.reduced.size());
    geometry_.tensors = {reads_, tensors_.size() - reads_};
    std::ranges::copy(test.kept, std::ranges::copy(test.reduced, geometry_.sizes.begin()).out);
    for (std::size_t t = 0; t < tensors_.size(); ++t)
      std::ranges::copy(tensors_[t].strides, geometry_.strides[t].begin());
    std::vector<std::uintptr_t> addresses;
    for (Tensor& tensor : tensors_) addresses.push_back(reinterpret_cast<std::uintptr_t>(tensor.at(0)));
    const auto space = row_space(test.graph, geometry_, addresses, test.target);
    REQUIRE(space.has_value());
    space_ = *space;
  }

  const RowSpace& space() const { return space_; }

  void run(const HostCuda& host, std::size_t kernel, Schedule schedule) {
    const auto walk = [&](auto& kind) {
      if constexpr (requires { kind.processors; })
        if (kind.sums > 0 && test_.processors > 0) kind.processors = test_.processors;
    };
    std::visit(walk, schedule);
    std::vector<void*> addresses, arguments;
    addresses.reserve(tensors_.size());
    std::size_t tensor = 0, number = 0;
    const auto add_tensor = [&] {
      addresses.push_back(tensors_[tensor++].at(0));
      arguments.push_back(&addresses.back());
    };
    for (const TraceOperand& operand : test_.graph.operands) {
      if (operand.form == OperandForm::Number)
        arguments.push_back(numbers_[number++].data());
      else
        add_tensor();
    }
    for (std::size_t i = 0; i < test_.graph.results.size(); ++i) add_tensor();
    host.launch(kernel, launch_geometry(schedule, space_.layout, space_.geometry), arguments);
  }

  // The first difference, or nothing.
  std::string difference() {
    const auto expected =
        interpret_rows(test_.graph, tables_, static_cast<std::size_t>(rows_), static_cast<std::size_t>(columns_));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      Tensor& tensor = tensors_[reads_ + i];
      const std::int64_t width = tensor.extent == Extent::Row ? 1 : columns_;
      const std::int64_t height = tensor.extent == Extent::Column ? 1 : rows_;
      for (std::int64_t row = 0; row < height; ++row)
        for (std::int64_t column = 0; column < width; ++column) {
          void* from = tensor.at(offset(tensor, row, column));
          const Element given = load_element(from, tensor.dtype);
          const Element& wanted = expected[i][static_cast<std::size_t>(row * width + column)];
          const auto* bytes = static_cast<const std::byte*>(from);
          results_.insert(results_.end(), bytes, bytes + size_bytes(tensor.dtype));
          if (!is_near(given, wanted, test_.tolerance))
            return fmt::format("result {} at row {}, column {}: {} instead of {}", i, row, column, text_of(given),
                               text_of(wanted));
          std::memset(from, static_cast<int>(untouched), size_bytes(tensor.dtype));
        }
      if (!std::ranges::all_of(tensor.bytes, [](std::byte b) { return b == untouched; }))
        return fmt::format("result {} was written outside its elements", i);
    }
    return {};
  }
  std::vector<std::byte> results() const { return results_; }

 private:
  void add(DType dtype, Extent extent) {
    Tensor tensor{.dtype = dtype, .extent = extent};
    std::vector<std::int64_t> sizes = test_.reduced;
    sizes.insert(sizes.end(), test_.kept.begin(), test_.kept.end());
    std::vector<std::size_t> order(sizes.size());
    for (std::size_t d = 0; d < order.size(); ++d) order[d] = d;
    if (test_.is_reordered && test_.reduced.size() > 1) std::swap(order[0], order[1]);
    if (test_.is_across) std::ranges::rotate(order, order.begin() + static_cast<std::ptrdiff_t>(test_.reduced.size()));
    tensor.strides.assign(sizes.size(), 0);
    std::int64_t stride = test_.stride, last = 0;
    for (const std::size_t d : order) {
      const bool is_reduced = d < test_.reduced.size();
      if (is_reduced ? !varies_along_columns(extent) : !varies_along_rows(extent)) continue;
      const bool is_factor = test_.is_product && extent == Extent::Element;
      if (is_factor && d == test_.reduced.size() + (tensors_.empty() ? 0 : 1)) continue;
      tensor.strides[d] = stride;
      last += std::max<std::int64_t>(sizes[d] - 1, 0) * stride;
      stride *= std::max<std::int64_t>(sizes[d], 1);
      if (d + 1 == test_.reduced.size() && extent == Extent::Element) stride += test_.pad;
    }
    const int before = test_.offset + test_.apart * static_cast<int>(tensors_.size());
    tensor.bytes.assign(static_cast<std::size_t>(last + 1 + before) * size_bytes(dtype) + 2 * margin, untouched);
    const auto address = reinterpret_cast<std::uintptr_t>(tensor.bytes.data());
    tensor.base = margin - address % margin + static_cast<std::size_t>(before) * size_bytes(dtype);
    tensors_.push_back(std::move(tensor));
  }

  void fill(std::uint32_t seed) {
    std::size_t tensor = 0;
    for (std::size_t i = 0; i < test_.graph.operands.size(); ++i) {
      const TraceOperand& operand = test_.graph.operands[i];
      std::vector<Element>& table = tables_.emplace_back();
      if (operand.form == OperandForm::Number) {
        std::mt19937 random(seed + static_cast<std::uint32_t>(i));
        table.push_back(random_value(operand.storage, RowValues::Moderate, random));
        if (!is_integral(operand.storage)) table.back().value = std::abs(table.back().value);
        store_element(table.back(), numbers_.emplace_back().data());
        continue;
      }
      Tensor& to = tensors_[tensor++];
      const auto number = [&](std::int64_t row) {
        if (!test_.is_product || to.extent != Extent::Element) return row;
        const std::int64_t of_pair = test_.kept[0] * test_.kept[1];
        return tensor == 1 ? row / test_.kept[0] : row / of_pair * test_.kept[0] + row % test_.kept[0];
      };
      const std::int64_t rows = varies_along_rows(to.extent) ? rows_ : 1;
      const std::int64_t columns = varies_along_columns(to.extent) ? columns_ : 1;
      for (std::int64_t row = 0; row < rows; ++row) {
        std::mt19937 random(seed + static_cast<std::uint32_t>(1000 * number(row) + static_cast<std::int64_t>(i)));
        for (std::int64_t column = 0; column < columns; ++column) {
          table.push_back(random_value(to.dtype, test_.values, random));
          store_element(table.back(), to.at(offset(to, row, column)));
        }
      }
    }
  }

  std::int64_t offset(const Tensor& tensor, std::int64_t row, std::int64_t column) const {
    std::int64_t at = 0;
    std::size_t d = 0;
    for (const std::int64_t size : test_.reduced) {
      at += (size == 0 ? 0 : column % size) * tensor.strides[d++];
      column = size == 0 ? 0 : column / size;
    }
    for (const std::int64_t size : test_.kept) {
      at += (size == 0 ? 0 : row % size) * tensor.strides[d++];
      row = size == 0 ? 0 : row / size;
    }
    return at;
  }

  const RowCase& test_;
  const std::int64_t columns_, rows_;
  std::vector<Tensor> tensors_;
  std::size_t reads_ = 0;
  std::vector<std::array<std::byte, 16>> numbers_;
  std::vector<std::vector<Element>> tables_;
  Geometry geometry_;
  RowSpace space_;
  std::vector<std::byte> results_;
};

CallOperand flag_of(const OperandDef& operand) {
  return {.kind = CallOperand::Kind::Flag, .flag = operand.default_flag.value()};
}

}  // namespace

TraceGraph row_trace(const OpDef& op, const std::vector<DType>& dtypes, std::size_t absent) {
  std::vector<CallOperand> operands;
  std::size_t tensor = 0;
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    const OperandDef& operand = op.operands[i];
    CallOperand& passed = operands.emplace_back();
    if (operand.kind == OperandKind::Flag) {
      passed = flag_of(operand);
      continue;
    }
    const bool is_number = operand.kind == OperandKind::Scalar;
    passed.kind = is_number ? CallOperand::Kind::Number : CallOperand::Kind::Tensor;
    passed.dtype = is_number ? (operand.dtype && is_integral(*operand.dtype) ? DType::I64 : DType::F64)
                             : dtypes[std::min(tensor++, dtypes.size() - 1)];
    if (operand.is_optional && absent > 0) {
      passed.kind = CallOperand::Kind::Absent;
      --absent;
    }
  }
  return trace(op, operands);
}

TraceGraph gradient_trace(const OpDef& op, DType dtype, PositionSet wanted) {
  static Derivatives derivatives;
  const Derived& gradient = derivatives.gradient(op, 1, wanted);
  std::vector<CallOperand> operands;
  for (const OperandDef& operand : gradient.op->operands)
    operands.push_back(operand.kind == OperandKind::Flag
                           ? flag_of(operand)
                           : CallOperand{.kind = CallOperand::Kind::Tensor,
                                         .dtype = operand.kind == OperandKind::Row ? opmath_of(dtype) : dtype});
  return trace(*gradient.op, operands);
}

Layout layout_of(const RowCase& test) { return Table(test, 0).space().layout; }

std::vector<std::vector<std::byte>> check_rows_on_host(const std::vector<RowCase>& cases, std::uint32_t seed) {
  std::vector<CudaKernel> kernels;
  std::vector<std::string> known;  // a kernel for each of several cases
  std::vector<std::size_t> kernel_of;
  std::vector<Table> tables;
  tables.reserve(cases.size());
  for (const RowCase& test : cases) {
    const RowSpace& space = tables.emplace_back(test, seed).space();
    const std::string key = to_string(test.graph) + to_string(space.layout);
    const auto found = std::ranges::find(known, key);
    kernel_of.push_back(static_cast<std::size_t>(found - known.begin()));
    if (found != known.end()) continue;
    known.push_back(key);
    kernels.push_back(emit_cuda(test.graph, space.layout, test.target));
  }
  const HostCuda host(kernels);
  std::vector<std::vector<std::byte>> results;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const CudaKernel& kernel = kernels[kernel_of[i]];
    tables[i].run(host, kernel_of[i], kernel.schedule);
    INFO(to_string(cases[i].graph));
    INFO(kernel.body);
    INFO(to_string(tables[i].space().layout) << " " << to_string(kernel.schedule));
    INFO(fmt::format("reduced {} kept {} pad {} offset {} stride {}", fmt::join(cases[i].reduced, ","),
                     fmt::join(cases[i].kept, ","), cases[i].pad, cases[i].offset, cases[i].stride));
    const std::string difference = tables[i].difference();
    CHECK(difference == "");
    results.push_back(tables[i].results());
  }
  return results;
}

}  // namespace gems::test
