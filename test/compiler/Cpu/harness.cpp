// The buffers, values and comparison behind harness.h.
#include "harness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "Pipeline/CompileCpu.h"
#include "gems/compiler/cpu.h"

namespace gems::test {
namespace {

constexpr char Pattern = 0x5A;

double unit_in_last_place(DType dtype, double value) {
  int digits = 53, least = -1022;
  switch (real_of(dtype)) {
    case DType::F16:
      digits = 11, least = -14;
      break;
    case DType::BF16:
      digits = 8, least = -126;
      break;
    case DType::F32:
      digits = 24, least = -126;
      break;
    case DType::F8E4M3FN:
      digits = 4, least = -6;
      break;
    case DType::F8E4M3FNUZ:
      digits = 4, least = -7;
      break;
    case DType::F8E5M2:
      digits = 3, least = -14;
      break;
    case DType::F8E5M2FNUZ:
      digits = 3, least = -15;
      break;
    case DType::F8E8M0FNU:
      digits = 1, least = -127;
      break;
    default:
      break;
  }
  const int exponent = value == 0 ? least : std::max(std::ilogb(value), least);
  return std::ldexp(1.0, exponent - digits + 1);
}

bool close(double got, double want, DType dtype, const Tolerance& tolerance, double largest_operand) {
  if (std::isnan(got) || std::isnan(want)) return std::isnan(got) && std::isnan(want);
  if (got == want) return tolerance.ulps > 0 || tolerance.relative > 0 || std::signbit(got) == std::signbit(want);
  if (std::isinf(got) && std::isinf(want)) return false;
  const double limit = std::max(tolerance.ulps * unit_in_last_place(dtype, std::isinf(want) ? got : want),
                                tolerance.relative * std::max(std::abs(want), largest_operand));
  return std::abs(got - want) <= limit;
}

bool close(const Element& got, const Element& want, const Tolerance& tolerance, double largest_operand) {
  if (is_integral(want.dtype)) return got.integer == want.integer;
  return close(got.value.real(), want.value.real(), want.dtype, tolerance, largest_operand) &&
         close(got.value.imag(), want.value.imag(), want.dtype, tolerance, largest_operand);
}

std::string text(const Element& element) {
  if (is_integral(element.dtype)) return fmt::format("{} {}", name(element.dtype), element.integer);
  return fmt::format("{} {:a} {:a}i", name(element.dtype), element.value.real(), element.value.imag());
}

double magnitude(const Element& element) {
  if (is_integral(element.dtype)) return std::abs(static_cast<double>(element.integer));
  return std::isfinite(std::abs(element.value)) ? std::abs(element.value) : 0;
}

Element loaded(Buffer& buffer, std::int64_t i) { return load_element(buffer.element(i), buffer.dtype()); }

}  // namespace

Buffer::Buffer(DType dtype, Step step, std::int64_t stride_elems, std::int64_t count, std::size_t shift_bytes)
    : dtype_(dtype), step_(step) {
  const auto size = static_cast<std::int64_t>(size_bytes(dtype));
  stride_bytes_ = step == Step::Contiguous ? size : stride_elems * size;
  const std::int64_t span = std::abs(step_bytes()) * std::max<std::int64_t>(count - 1, 0) + size;
  constexpr std::size_t Margin = 128;
  bytes_.assign(static_cast<std::size_t>(span) + 2 * Margin + shift_bytes, Pattern);
  base_ = Margin + shift_bytes + (step_bytes() < 0 ? static_cast<std::size_t>(span - size) : 0);
}

bool Buffer::is_clean_outside(std::int64_t count) const {
  std::vector<bool> inside(bytes_.size());
  for (std::int64_t i = 0; i < count; ++i)
    for (std::size_t b = 0; b < size_bytes(dtype_); ++b)
      inside[static_cast<std::size_t>(static_cast<std::int64_t>(base_) + i * step_bytes()) + b] = true;
  for (std::size_t b = 0; b < bytes_.size(); ++b)
    if (!inside[b] && bytes_[b] != Pattern) return false;
  return true;
}

Element random_element(DType dtype, std::mt19937& random, bool tame) {
  if (is_complex(dtype)) {
    const Element re = random_element(real_of(dtype), random, tame), im = random_element(real_of(dtype), random, tame);
    return {.dtype = dtype, .value = {re.value.real(), im.value.real()}};
  }
  const std::uint32_t kind = tame ? 2 + random() % 2 : random() % 6;
  Element element{.dtype = dtype};
  if (kind == 0) {
    constexpr double Infinity = std::numeric_limits<double>::infinity();
    const double floats[] = {0.0,           -0.0,  1.0,    -1.0,    0.5,     2.0,    Infinity, -Infinity,
                             std::nan(""),  1e-45, -3e-39, 6e-8,    65504.0, 3.4e38, -1e300,   2147483648.0,
                             -2147483649.0, 4e9,   9.3e18, -9.3e18, 1.9e19,  300.0,  -300.5};
    const std::int64_t integers[] = {0,         1,         -1,        2,         INT8_MIN,  INT8_MAX,
                                     INT16_MIN, INT16_MAX, INT32_MIN, INT32_MAX, INT64_MIN, INT64_MAX,
                                     7,         8,         31,        32,        63,        64};
    if (is_float(dtype))
      return cast_element({.dtype = DType::F64, .value = floats[random() % std::size(floats)]}, dtype);
    return cast_element({.dtype = DType::I64, .integer = integers[random() % std::size(integers)]}, dtype);
  }
  if (kind == 1) {
    const std::uint64_t bits = static_cast<std::uint64_t>(random()) << 32 | random();
    std::uint64_t bytes = is_bool(dtype) ? bits & 1 : bits;
    return load_element(&bytes, dtype);
  }
  if (is_float(dtype)) {
    const double value = std::uniform_real_distribution<double>(-4, 4)(random);
    return cast_element({.dtype = DType::F64, .value = kind == 2 ? std::round(value) : value}, dtype);
  }
  const auto value = std::uniform_int_distribution<std::int64_t>(is_signed(dtype) ? -9 : 0, 9)(random);
  return cast_element({.dtype = DType::I64, .integer = value}, dtype);
}

Case uniform_case(const TraceGraph& graph, Step step, std::mt19937& random) {
  Case test;
  auto add = [&](auto& list) {
    list.push_back(step);
    const std::int64_t strides[] = {2, 3, -1, -2, 1, 5};
    test.strides_elems.push_back(strides[random() % std::size(strides)]);
  };
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor) add(test.layout.operands);
  for (std::size_t i = 0; i < graph.results.size(); ++i) add(test.layout.results);
  return test;
}

std::string first_difference(const TraceGraph& graph, const Case& test, const std::vector<std::int64_t>& counts,
                             std::uint32_t seed, const cpu::Target& target) {
  const CpuKernel kernel = load_cpu(cpu::compile(graph, test.layout, target));
  std::mt19937 random(seed);
  for (const std::int64_t count : counts) {
    std::vector<Buffer> buffers;
    std::vector<Element> numbers(graph.operands.size());
    std::vector<std::array<char, 16>> number_bytes(graph.operands.size());
    std::vector<const void*> number_addresses;
    std::size_t slot = 0;
    for (std::size_t i = 0; i < graph.operands.size(); ++i) {
      const TraceOperand& operand = graph.operands[i];
      if (operand.form == OperandForm::Number) {
        numbers[i] = random_element(operand.compute, random, test.tame);
        store_element(numbers[i], number_bytes[i].data());
        number_addresses.push_back(number_bytes[i].data());
        continue;
      }
      const Step step = test.layout.operands[slot];
      Buffer& buffer = buffers.emplace_back(operand.storage, step, test.strides_elems[slot], count,
                                            test.shift_bytes * size_bytes(operand.storage));
      const std::int64_t own = step == Step::Broadcast ? std::min<std::int64_t>(count, 1) : count;
      for (std::int64_t j = 0; j < own; ++j)
        store_element(random_element(operand.storage, random, test.tame), buffer.element(j));
      ++slot;
    }
    const std::size_t operand_count = slot;
    for (std::size_t i = 0; i < graph.results.size(); ++i, ++slot)
      buffers.emplace_back(graph.results[i].dtype, test.layout.results[i], test.strides_elems[slot], count,
                           test.shift_bytes * size_bytes(graph.results[i].dtype));

    std::vector<std::vector<Element>> wanted;
    std::vector<double> largest;
    std::vector<std::string> given;
    for (std::int64_t j = 0; j < count; ++j) {
      std::vector<Element> elements = numbers;
      std::size_t from = 0;
      double most = 0;
      std::string texts;
      for (std::size_t i = 0; i < elements.size(); ++i) {
        if (graph.operands[i].form == OperandForm::Tensor) elements[i] = loaded(buffers[from++], j);
        most = std::max(most, magnitude(elements[i]));
        texts += text(elements[i]) + "; ";
      }
      wanted.push_back(interpret(graph, elements));
      largest.push_back(most);
      given.push_back(texts);
    }

    std::vector<char*> data;
    std::vector<std::int64_t> strides;
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      Buffer& buffer = test.in_place && i == operand_count ? buffers[0] : buffers[i];
      data.push_back(buffer.base());
      strides.push_back(buffer.stride_bytes());
    }
    kernel(data.data(), strides.data(), number_addresses.data(), count);

    for (std::size_t r = 0; r < graph.results.size(); ++r) {
      Buffer& buffer = test.in_place && r == 0 ? buffers[0] : buffers[operand_count + r];
      for (std::int64_t j = 0; j < count; ++j) {
        const Element got = loaded(buffer, j);
        if (!close(got, wanted[j][r], test.tolerance, largest[j]))
          return fmt::format("{} {}, {} elements, element {} of result {}: given {} got {}, want {}", graph.op,
                             to_string(test.layout), count, j, r, given[j], text(got), text(wanted[j][r]));
      }
      if (!buffer.is_clean_outside(count))
        return fmt::format("{} {}, {} elements: wrote outside result {}", graph.op, to_string(test.layout), count, r);
    }
    for (std::size_t i = test.in_place; i < operand_count; ++i)
      if (!buffers[i].is_clean_outside(count)) return fmt::format("{}: wrote into operand {}", graph.op, i);
  }
  return {};
}

}  // namespace gems::test
