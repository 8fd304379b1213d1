// Override: one overload of an ATen operator that gems can serve, and what happened to its calls.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "gems/aten/serve.h"
#include "torch/switches.h"

namespace gems::aten {

class Override;

// A call of the overload: its arguments in ATen's order, as arrange() leaves them for the op.
struct OverrideCall {
  const OpDef* op = nullptr;
  std::span<CallArgument> arguments;

  at::Scalar number{};  // where arrange() keeps one that ATen passed as a tensor
};

// Fits ATen's arguments to the operands of an op, when they are not the same in the same order; may choose another op.
using Arrange = std::optional<DeclineReason> (*)(const Override&, OverrideCall&);

// What a row of the table says.
struct OverrideRow {
  std::string_view op;
  CallRules rules;
  Arrange arrange = nullptr;
};

class Override {
 public:
  Override(std::string name, const OverrideRow& row, std::size_t index);

  const std::string& name() const { return name_; }  // as ATen: "add.Tensor", "relu_"
  std::size_t index() const { return index_; }
  bool is_on() const { return aten::is_on(index_); }

  // Counts the call. True when it was served; results as in Request.
  bool serve(OverrideCall& call, std::span<at::Tensor> results, AtenProbe aten_probe);

  // Relaxed: the numbers are exact once the threads are done.
  struct Counts {
    std::atomic<std::uint64_t> served{0};
    std::array<std::atomic<std::uint64_t>, DeclineReasonCount> declined{};
    std::atomic<std::uint64_t> compiles{0};
    std::atomic<std::uint64_t> compile_us{0};
  };
  Counts& counts() { return counts_; }

 private:
  std::string name_;
  const OpDef* op_;
  CallRules rules_;
  Arrange arrange_;
  std::size_t index_;
  Counts counts_;
};

}  // namespace gems::aten
