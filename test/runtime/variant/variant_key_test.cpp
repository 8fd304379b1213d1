// Calls that differ in anything that a kernel depends on have kernels of their own.
#include "variant/variant_key.h"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "variant/insert_only_table.h"

using namespace gems;

namespace {

using Change = void (*)(VariantKey&);

constexpr OpDef add_op{.name = "add"}, mul_op{.name = "mul"};
constexpr CallOperand tensor_f16{.kind = CallOperand::Kind::Tensor, .dtype = DType::F16};

VariantKey cpu_key() {
  return {.signature = {.op = &add_op,
                        .default_dtype = DType::F32,
                        .operands = {tensor_f16, tensor_f16},
                        .results = {DType::F16}},
          .device = {},
          .layout = CpuLayout{{Step::Contiguous, Step::Contiguous}, {Step::Contiguous}}};
}

VariantKey cuda_key() {
  VariantKey key = cpu_key();
  key.device.kind = Device::Kind::Cuda;
  key.layout = Layout{};
  return key;
}

template <std::size_t N>
void check_distinct(const VariantKey& base, const std::array<Change, N>& changes) {
  std::set<std::uint64_t> hashes{hash_of(base)};
  InsertOnlyTable<VariantKey, std::size_t> table;
  table.find_or_insert(base, N);
  for (std::size_t i = 0; i < N; ++i) {
    CAPTURE(i);
    VariantKey changed = base;
    changes[i](changed);
    CHECK(changed != base);
    CHECK(hashes.insert(hash_of(changed)).second);
    CHECK(table.find(changed) == nullptr);
    CHECK(table.find_or_insert(changed, i).inserted);
  }
  REQUIRE(table.find(base) != nullptr);
  CHECK(*table.find(base) == N);
}

}  // namespace

TEST_CASE("keys that differ in one field of the call have other hashes and are not equal") {
  check_distinct(
      cpu_key(),
      std::array{
          Change([](VariantKey& key) { key.signature.op = &mul_op; }),
          Change([](VariantKey& key) { key.signature.default_dtype = DType::F64; }),
          Change([](VariantKey& key) { key.signature.operands[1].kind = CallOperand::Kind::ZeroDim; }),
          Change([](VariantKey& key) { key.signature.operands[1].dtype = DType::BF16; }),
          Change([](VariantKey& key) { key.signature.operands[1].in_memory = false; }),
          Change([](VariantKey& key) { key.signature.operands[1].flag.kind = FlagValue::Kind::Int; }),
          Change([](VariantKey& key) { key.signature.operands[1].flag.integer = 1; }),
          Change([](VariantKey& key) { key.signature.operands[1].flag.chars[15] = 'a'; }),
          Change([](VariantKey& key) { key.signature.operands.push_back(tensor_f16); }),
          Change([](VariantKey& key) { key.signature.results[0] = DType::BF16; }),
          Change([](VariantKey& key) { key.signature.results.push_back(DType::F16); }),
          Change([](VariantKey& key) { key.device.kind = Device::Kind::Cuda; }),
          Change([](VariantKey& key) { key.device.index = 1; }),
          Change([](VariantKey& key) { std::get<CpuLayout>(key.layout).operands[1] = Step::Strided; }),
          Change([](VariantKey& key) { std::get<CpuLayout>(key.layout).operands.push_back(Step::Contiguous); }),
          Change([](VariantKey& key) { std::get<CpuLayout>(key.layout).results[0] = Step::Strided; }),
          Change([](VariantKey& key) { std::get<CpuLayout>(key.layout).walk = CpuWalk::Row; }),
          Change([](VariantKey& key) { key.layout = Layout{}; }),
      });
}

TEST_CASE("keys that differ in one field of a CUDA layout have other hashes and are not equal") {
  check_distinct(cuda_key(), std::array{
                                 Change([](VariantKey& key) { std::get<Layout>(key.layout).cls = LayoutClass::Rows; }),
                                 Change([](VariantKey& key) { std::get<Layout>(key.layout).singles = 1; }),
                                 Change([](VariantKey& key) { std::get<Layout>(key.layout).held = 4; }),
                             });
}

TEST_CASE("what lies behind the end of a list is no part of a key") {
  VariantKey key = cpu_key();
  key.signature.operands.items[5].dtype = DType::BF16;
  CHECK(key == cpu_key());
  CHECK(hash_of(key) == hash_of(cpu_key()));
}
