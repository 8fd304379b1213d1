// Runs a CPU kernel on generated operands in a given layout and compares every element with the interpreter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "Cpu/Target.h"
#include "gems/compiler/layout.h"
#include "gems/dsl/interpreter.h"
#include "gems/dsl/trace.h"

namespace gems::test {

// The memory of one Tensor operand or result. Bytes between and around its elements hold a pattern.
class Buffer {
 public:
  // strides_elems counts only for Strided; shift_bytes moves the base off every larger alignment.
  Buffer(DType dtype, Step step, std::int64_t stride_elems, std::int64_t count, std::size_t shift_bytes);

  char* base() { return bytes_.data() + base_; }
  char* element(std::int64_t i) { return base() + i * step_bytes(); }
  std::int64_t stride_bytes() const { return stride_bytes_; }
  std::int64_t step_bytes() const { return step_ == Step::Broadcast ? 0 : stride_bytes_; }
  DType dtype() const { return dtype_; }
  // True if no byte outside the first `count` elements has changed since the pattern was laid.
  bool is_clean_outside(std::int64_t count) const;

 private:
  DType dtype_;
  Step step_;
  std::int64_t stride_bytes_;
  std::size_t base_ = 0;
  std::vector<char> bytes_;
};

// A value of dtype: special values, values around 1, and any bit pattern, mixed. `tame`: finite and of size 4 at most.
Element random_element(DType dtype, std::mt19937& random, bool tame);

// What counts as equal. Floats: NaN with NaN; within `ulps` units of the result's last place; or nearer than `relative`
// times the larger of the wanted value and the largest operand. Integers: equal.
struct Tolerance {
  double ulps = 0;
  double relative = 0;
};

struct Case {
  CpuLayout layout;
  std::vector<std::int64_t> strides_elems;  // operands, then results; for Strided ones
  std::size_t shift_bytes = 0;
  bool in_place = false;  // the first result is the memory of the first Tensor operand
  bool tame = false;
  Tolerance tolerance;
};

// One layout for all, strides picked at random.
Case uniform_case(const TraceGraph& graph, Step step, std::mt19937& random);

// Compiles for a target and runs with each count; returns what was wrong first, or nothing.
std::string first_difference(const TraceGraph& graph, const Case& test, const std::vector<std::int64_t>& counts,
                             std::uint32_t seed, const cpu::Target& target = cpu::hostTarget());

}  // namespace gems::test
