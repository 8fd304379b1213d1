// Runs kernels as host C++ and compares them with the interpreter.
#include "cuda_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>
#include <limits>

namespace gems::test {
namespace {

constexpr std::byte untouched{0xa5};

// Memory that one tensor spans, at the alignment that its layout promises and no better.
struct Buffer {
  std::vector<std::byte> bytes;
  std::size_t base = 0;  // of element 0

  void* at(std::int64_t element, DType dtype) {
    return bytes.data() + base + static_cast<std::size_t>(element) * size_bytes(dtype);
  }
};

// How a tensor (operands, then results) moves, and what its vectors begin at multiples of.
struct Where {
  Step step = Step::Contiguous;
  std::size_t align_bytes = 16;
};

Where where(const Layout& layout, const Geometry& geometry, std::size_t tensor, DType dtype) {
  const LayoutTraits& kind = traits(layout.cls);
  const Step step = tensor < geometry.tensors.operands ? layout.step_of_operand(tensor) : kind.written;
  return {step, kind.is_aligned && step != Step::Broadcast ? 16 : size_bytes(dtype)};
}

using Coordinates = std::array<std::int64_t, MaxRank>;

std::int64_t offset_of(const Geometry& geometry, std::size_t tensor, const Coordinates& at) {
  std::int64_t offset = 0;
  for (int d = 0; d < geometry.rank; ++d)
    offset += at[static_cast<std::size_t>(d)] * geometry.strides[tensor][static_cast<std::size_t>(d)];
  return offset;
}

template <class F>
void for_each_element(const Geometry& geometry, F f) {
  Coordinates at{};
  for (;;) {
    f(at);
    int d = 0;
    while (d < geometry.rank && ++at[static_cast<std::size_t>(d)] == geometry.sizes[static_cast<std::size_t>(d)])
      at[static_cast<std::size_t>(d++)] = 0;
    if (d == geometry.rank) return;
  }
}

Buffer make_buffer(const Geometry& geometry, const Layout& layout, std::size_t tensor, DType dtype) {
  std::int64_t last = 0;
  for (int d = 0; d < geometry.rank; ++d)
    last += (geometry.sizes[static_cast<std::size_t>(d)] - 1) * geometry.strides[tensor][static_cast<std::size_t>(d)];
  Buffer buffer;
  constexpr std::size_t margin = 64;
  buffer.bytes.assign(static_cast<std::size_t>(last + 1) * size_bytes(dtype) + 2 * margin, untouched);
  const auto address = reinterpret_cast<std::uintptr_t>(buffer.bytes.data());
  const std::size_t align = std::max(where(layout, geometry, tensor, dtype).align_bytes, size_bytes(dtype));
  buffer.base = margin - address % margin + (align < 16 ? align : 0);
  return buffer;
}

struct Run {
  std::vector<Buffer> tensors;  // operands, then results
  std::vector<Buffer> expected_results;
  std::vector<std::array<std::byte, 16>> numbers;
};

class CaseRunner {
 public:
  CaseRunner(const CudaCase& test, std::mt19937& random) : test_(test) {
    const Geometry& geometry = test.geometry;
    std::size_t tensor = 0;
    for (const TraceOperand& operand : test.graph.operands) {
      if (operand.form == OperandForm::Number) {
        numbers_.emplace_back();
        store_element(random_element(operand.storage, random, test.only_moderate), numbers_.back().data());
        continue;
      }
      tensors_.push_back(make_buffer(geometry, test.layout, tensor, operand.storage));
      Buffer& buffer = tensors_.back();
      for_each_element(geometry, [&](const Coordinates& at) {
        void* to = buffer.at(offset_of(geometry, tensor, at), operand.storage);
        store_element(random_element(operand.storage, random, test.only_moderate), to);
        // Any byte but 0 is true.
        if (is_bool(operand.storage) && *static_cast<unsigned char*>(to) != 0)
          *static_cast<unsigned char*>(to) = static_cast<unsigned char>(1 + random() % 255);
      });
      ++tensor;
    }
    for (const TraceResult& result : test.graph.results)
      tensors_.push_back(make_buffer(geometry, test.layout, tensor++, result.dtype));
  }

  void run(const HostCuda& host, std::size_t kernel, const Schedule& schedule) {
    std::vector<void*> addresses;
    std::vector<void*> arguments;
    addresses.reserve(tensors_.size());
    const auto* list = std::get_if<ListSchedule>(&schedule);
    std::size_t tensor = 0;
    std::size_t number = 0;
    auto add_tensor = [&](DType dtype) {
      addresses.push_back(tensors_[tensor++].at(0, dtype));
      if (list == nullptr) arguments.push_back(&addresses.back());
    };
    for (const TraceOperand& operand : test_.graph.operands) {
      if (operand.form == OperandForm::Number)
        arguments.push_back(numbers_[number++].data());
      else
        add_tensor(operand.storage);
    }
    for (const TraceResult& result : test_.graph.results) add_tensor(result.dtype);
    if (list != nullptr) {
      ListTable table(*list, addresses.size());
      table.add(addresses, test_.geometry.sizes[0]);
      return host.launch(kernel, table, list->threads, arguments);
    }
    host.launch(kernel, launch_geometry(schedule, test_.layout, test_.geometry), arguments);
  }

  // Returns a description of the first difference, or an empty string.
  std::string difference() {
    const std::size_t reads = test_.geometry.tensors.operands;
    std::string text;
    for_each_element(test_.geometry, [&](const Coordinates& at) {
      if (!text.empty()) return;
      std::vector<Element> operands = operands_at(at);
      const std::vector<Element> expected = interpret(test_.graph, operands);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        const DType dtype = test_.graph.results[i].dtype;
        void* from = tensors_[reads + i].at(offset_of(test_.geometry, reads + i, at), dtype);
        const Element given = load_element(from, dtype);
        if (is_close(given, expected[i], test_.ulps)) {
          std::memset(from, static_cast<int>(untouched), size_bytes(dtype));  // seen: see is_clean
          continue;
        }
        text = fmt::format("result {} at [{}]: {} instead of {} from", i,
                           fmt::join(at.begin(), at.begin() + test_.geometry.rank, ", "), to_text(given),
                           to_text(expected[i]));
        for (const Element& operand : operands) text += " " + to_text(operand);
      }
    });
    for (std::size_t i = 0; text.empty() && i < test_.graph.results.size(); ++i)
      if (!std::ranges::all_of(tensors_[reads + i].bytes, [](std::byte b) { return b == untouched; }))
        text = fmt::format("result {} was written outside its elements", i);
    return text;
  }

 private:
  std::vector<Element> operands_at(const Coordinates& at) {
    std::vector<Element> elements;
    std::size_t tensor = 0;
    std::size_t number = 0;
    for (const TraceOperand& operand : test_.graph.operands) {
      if (operand.form == OperandForm::Number) {
        elements.push_back(load_element(numbers_[number++].data(), operand.storage));
      } else {
        elements.push_back(
            load_element(tensors_[tensor].at(offset_of(test_.geometry, tensor, at), operand.storage), operand.storage));
        ++tensor;
      }
    }
    return elements;
  }

  const CudaCase& test_;
  std::vector<Buffer> tensors_;
  std::vector<std::array<std::byte, 16>> numbers_;
};

int fraction_bits(DType dtype) {
  switch (real_of(dtype)) {
    case DType::F16:
      return 10;
    case DType::BF16:
      return 7;
    case DType::F8E4M3FN:
    case DType::F8E4M3FNUZ:
      return 3;
    case DType::F8E5M2:
    case DType::F8E5M2FNUZ:
      return 2;
    case DType::F8E8M0FNU:
      return 0;
    case DType::F32:
      return 23;
    default:
      return 52;
  }
}
int least_exponent(DType dtype) {
  switch (real_of(dtype)) {
    case DType::F16:
    case DType::F8E5M2:
      return -14;
    case DType::F8E4M3FN:
      return -6;
    case DType::F8E4M3FNUZ:
      return -7;
    case DType::F8E5M2FNUZ:
      return -15;
    case DType::F64:
      return -1022;
    default:
      return -126;
  }
}

bool part_is_close(double given, double expected, double tolerance) {
  if (std::isnan(expected)) return std::isnan(given);
  return given == expected || std::abs(given - expected) <= tolerance;
}

}  // namespace

bool is_close(const Element& given, const Element& expected, double ulps) {
  if (is_integral(expected.dtype)) return given.integer == expected.integer;
  const double re = std::abs(expected.value.real());
  const double im = std::abs(expected.value.imag());
  const double magnitude = std::max(std::isfinite(re) ? re : 0, std::isfinite(im) ? im : 0);
  const int exponent =
      magnitude > 0 ? std::max(std::ilogb(magnitude), least_exponent(expected.dtype)) : least_exponent(expected.dtype);
  const double tolerance = ulps * std::ldexp(1.0, exponent - fraction_bits(expected.dtype));
  return part_is_close(given.value.real(), expected.value.real(), tolerance) &&
         part_is_close(given.value.imag(), expected.value.imag(), tolerance);
}

std::string to_text(const Element& element) {
  if (is_integral(element.dtype)) return fmt::format("{}", element.integer);
  if (is_complex(element.dtype)) return fmt::format("({:.17g}, {:.17g})", element.value.real(), element.value.imag());
  return fmt::format("{:.17g}", element.value.real());
}

namespace {

double random_real(DType dtype, std::mt19937& random, bool only_moderate) {
  static constexpr double special[] = {0.0,
                                       -0.0,
                                       1.0,
                                       -1.0,
                                       0.5,
                                       2.0,
                                       -3.0,
                                       10.0,
                                       1e-3,
                                       1e4,
                                       -1e-4,
                                       std::numeric_limits<double>::infinity(),
                                       -std::numeric_limits<double>::infinity(),
                                       std::numeric_limits<double>::quiet_NaN()};
  if (random() % 4 == 0) {
    const std::size_t count = only_moderate ? 9 : std::size(special);
    return special[random() % count];
  }
  const double fraction = static_cast<double>(random()) / 4294967296.0;
  const int spread = only_moderate ? 3 : random() % 8 == 0 ? (dtype == DType::F16 ? 20 : 100) : 8;
  const int exponent = static_cast<int>(random() % static_cast<unsigned>(2 * spread + 1)) - spread;
  const double value = std::ldexp(1 + fraction, exponent);
  return random() % 2 == 0 ? value : -value;
}

std::int64_t random_integer(DType dtype, std::mt19937& random) {
  const int bits = 8 * static_cast<int>(size_bytes(dtype));
  const std::uint64_t lowest = std::uint64_t{1} << (bits - 1);
  switch (random() % 8) {
    case 0:
      return 0;
    case 1:
      return is_signed(dtype) ? -1 : static_cast<std::int64_t>(~std::uint64_t{0} >> (64 - bits));
    case 2:
      return static_cast<std::int64_t>(is_signed(dtype) ? ~std::uint64_t{0} << (bits - 1) : lowest);
    case 3:
      return static_cast<std::int64_t>(lowest - 1);
    case 4:
    case 5:
      return static_cast<std::int64_t>(random() % 12);
    default:
      break;
  }
  const std::uint64_t value = static_cast<std::uint64_t>(random()) << 32 | random();
  const auto wide = static_cast<std::int64_t>(value);
  return is_signed(dtype) ? wide >> (64 - bits) : static_cast<std::int64_t>(value >> (64 - bits));
}

}  // namespace

Element random_element(DType dtype, std::mt19937& random, bool only_moderate) {
  Element element{.dtype = dtype};
  switch (category(dtype)) {
    case Category::Bool:
      element.integer = random() % 2;
      return element;
    case Category::Integer:
      element.integer = random_integer(dtype, random);
      return element;
    case Category::Float:
      element.value = random_real(dtype, random, only_moderate);
      break;
    case Category::Complex:
      element.value.real(random_real(real_of(dtype), random, only_moderate));
      element.value.imag(random_real(real_of(dtype), random, only_moderate));
      break;
  }
  // Rounded to the dtype, as it will be in memory.
  std::array<std::byte, 16> bytes{};
  Element wide = element;
  wide.dtype = is_complex(dtype) ? DType::C128 : DType::F64;
  store_element(cast_element(wide, dtype), bytes.data());
  return load_element(bytes.data(), dtype);
}

namespace {

// The ways to launch a kernel: few elements of a flat call have a thread for each, which the same text serves.
std::vector<Schedule> launches(const Schedule& schedule) {
  std::vector<Schedule> all{schedule};
  if (const auto* flat = std::get_if<FlatSchedule>(&schedule); flat != nullptr && flat->few > 1) {
    FlatSchedule in_vectors = *flat;
    in_vectors.few = 1;
    all.emplace_back(in_vectors);
  }
  return all;
}

}  // namespace

void check_on_host(const std::vector<CudaCase>& cases, std::uint32_t seed) {
  std::vector<CudaKernel> kernels;
  kernels.reserve(cases.size());
  for (const CudaCase& test : cases) kernels.push_back(emit_cuda(test.graph, test.layout, test.target));
  const HostCuda host(kernels);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    std::mt19937 random(seed + static_cast<std::uint32_t>(i));
    CaseRunner runner(cases[i], random);
    INFO(to_string(cases[i].graph));
    INFO("sizes " << fmt::format("{}", fmt::join(cases[i].geometry.sizes, " ")));
    INFO(kernels[i].body);
    for (const Schedule& schedule : launches(kernels[i].schedule)) {
      INFO(to_string(cases[i].layout) << " " << to_string(schedule));
      runner.run(host, i, schedule);
      const std::string difference = runner.difference();
      CHECK(difference == "");
    }
  }
}

Layout last_single(LayoutClass cls, const TraceGraph& graph) {
  const std::size_t operands = tensor_counts(graph).operands;
  return {cls, static_cast<std::uint16_t>(operands == 0 ? 0 : 1u << (operands - 1))};
}

Geometry random_geometry(const Layout& layout, const std::vector<std::int64_t>& sizes, const TraceGraph& graph,
                         std::mt19937& random) {
  Geometry geometry;
  geometry.rank = traits(layout.cls).rank;
  geometry.tensors = tensor_counts(graph);
  std::ranges::fill(geometry.sizes, 1);
  std::ranges::copy(sizes, geometry.sizes.begin());

  std::vector<DType> dtypes;
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor) dtypes.push_back(operand.storage);
  for (const TraceResult& result : graph.results) dtypes.push_back(result.dtype);
  for (std::size_t t = 0; t < dtypes.size(); ++t) {
    const auto [step, align_bytes] = where(layout, geometry, t, dtypes[t]);
    if (step == Step::Broadcast) continue;
    const bool is_strided = step == Step::Strided;
    const bool is_read = t < geometry.tensors.operands;
    // Strides of all but the dimension that is read in vectors are multiples of this.
    const auto align = static_cast<std::int64_t>(std::max<std::size_t>(1, align_bytes / size_bytes(dtypes[t])));
    std::array<std::size_t, MaxRank> order;
    for (std::size_t d = 0; d < MaxRank; ++d) order[d] = d;
    if (is_strided && traits(layout.cls).family == Family::Tile && random() % 2 == 0) std::swap(order[0], order[1]);
    std::int64_t stride = is_strided && random() % 4 == 0 ? 2 + static_cast<std::int64_t>(t % 2) : 1;
    for (std::size_t i = 0; i < static_cast<std::size_t>(geometry.rank); ++i) {
      const std::size_t d = order[i];
      if (i > 0) stride = (stride + align - 1) / align * align + (random() % 3 == 0 ? align : 0);
      geometry.strides[t][d] = stride;
      stride *= geometry.sizes[d];
      if (is_strided && is_read && random() % 4 == 0) geometry.strides[t][d] = 0;
    }
  }
  return geometry;
}

Geometry flat_geometry(const TraceGraph& graph, std::int64_t count) {
  std::mt19937 random;
  return random_geometry(Layout{}, {count}, graph, random);
}

}  // namespace gems::test
