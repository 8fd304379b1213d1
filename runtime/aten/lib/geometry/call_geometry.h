// CallGeometry: everything of a call that its plan depends on, packed into words that are compared at once, and beside
// it what changes from call to call: addresses and numbers. First step of serve(); nothing is allocated.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include <c10/util/SmallVector.h>

#include "gems/aten/serve.h"
#include "gems/runtime/arguments.h"

namespace gems::aten {

using KindWords = c10::SmallVector<std::uint64_t, 32>;

class CallGeometry {
 public:
  // Nothing, or why ATen has to do the call.
  std::optional<DeclineReason> collect(const Request& request);

  std::span<const std::uint64_t> words() const { return {words_.data(), count_}; }
  std::uint64_t hash() const { return hash_; }

  // Of the call, once it is collected: the words without sizes, strides and alignments, but with what ATen's dtypes
  // depend on: whether a tensor has one element, as ATen multiplies float8 tensors but not by one of a single element;
  // of rowwise ops their dimensions too, small as ATen is asked with.
  KindWords kind_words(const Request& request) const;

  // Device of all tensors but the numbers.
  at::Device device() const { return device_; }
  bool in_memory(std::size_t argument) const { return in_memory_[argument]; }

  // Addresses of the arguments in memory, in order; numbers of those that are not, in order (flags: neither).
  std::span<void* const> addresses() const { return {addresses_.data(), address_count_}; }
  std::span<const NumberValue> numbers() const { return {numbers_.data(), number_count_}; }
  // Addresses of the results that the caller gave.
  void* result_address(std::size_t result) const { return result_addresses_[result]; }

 private:
  static constexpr std::size_t MaxWords = 256;

  class Writer;

  std::optional<DeclineReason> find_device(const Request& request);
  std::optional<DeclineReason> add_tensor(Writer& writer, const at::TensorImpl& tensor, const void* address);
  std::optional<DeclineReason> add_number(Writer& writer, const at::Tensor& tensor);
  std::optional<DeclineReason> add_aliases(Writer& writer, const Request& request);

  std::array<std::uint64_t, MaxWords> words_;
  std::size_t count_ = 0;
  std::uint64_t hash_ = 0;
  at::Device device_ = at::kCPU;
  std::array<bool, MaxOperands> in_memory_{};
  std::array<void*, MaxOperands> addresses_;
  std::size_t address_count_ = 0;
  std::array<NumberValue, MaxOperands> numbers_;
  std::size_t number_count_ = 0;
  std::array<void*, MaxResults> result_addresses_{};
};

}  // namespace gems::aten
