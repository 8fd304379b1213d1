// TraceGraph: what one run of an op's body recorded, with every dtype settled. Produced by trace(); read by the
// interpreter and by the compiler's import. Plain data, printable, comparable.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gems/dsl/dtype.h"
#include "gems/dsl/extent.h"
#include "gems/dsl/promotion.h"
#include "gems/dsl/reduce_op.h"
#include "gems/dsl/scalar_op.h"

namespace gems {

struct OpDef;

// A literal, already rounded to the dtype of its node. Integers (and bool as 0 / 1; u64 by its bits) in `integer`,
// floats in `real`, complex in `real` and `imag`; the other fields are 0.
struct Constant {
  std::int64_t integer = 0;
  double real = 0;
  double imag = 0;
  bool operator==(const Constant&) const = default;
};

// One step of the body. args index TraceGraph::nodes and are always smaller than the node's own index.
struct TraceNode {
  ScalarOp op;
  DType dtype;
  std::array<std::int32_t, 3> args{-1, -1, -1};
  std::int32_t operand = -1;  // Operand: index into TraceGraph::operands
  Constant constant{};        // Literal
  ReduceOp reduce{};          // Reduce
  std::int8_t part = 0;       // Reduce: which of its values
  bool operator==(const TraceNode&) const = default;
};

// How an operand reaches the kernel. Flags are gone after tracing; their values shaped the nodes.
enum class OperandForm : std::uint8_t {
  Tensor,  // elements of type `storage` in memory, converted to `compute` on load
  Number,  // one value per launch, a kernel parameter of type `compute`
};

struct TraceOperand {
  std::string name;
  OperandForm form;
  DType storage;  // Number: equal to compute
  DType compute;
  std::int32_t position;            // in the op's operand list (flags counted)
  Extent extent = Extent::Element;  // Tensor, in a rowwise op
  bool operator==(const TraceOperand&) const = default;
};

struct TraceResult {
  std::string name;  // "out", or "out0", "out1", ...
  std::int32_t node;
  DType dtype;  // in memory; the node's value is converted on store
  // Row: the node's value for each row. Column: its sum over all rows.
  Extent extent = Extent::Element;
  bool operator==(const TraceResult&) const = default;
};

struct TraceGraph {
  std::string op;
  std::string file;  // where the op is defined, relative to the project
  int line = 0;
  std::vector<TraceOperand> operands;
  std::vector<TraceNode> nodes;
  std::vector<TraceResult> results;
  bool is_rowwise = false;
  bool operator==(const TraceGraph&) const = default;
};

// Where the trace of an op comes from that was made at run time: it stands for the body. Must outlive the op.
class TraceSource {
 public:
  virtual ~TraceSource() = default;
  // What trace() returns, under its terms. `types` are resolve_types' for this call, `result_dtypes` has one for each
  // result of the op.
  virtual TraceGraph trace(const OpDef& op, std::span<const CallOperand> operands, const ResolvedTypes& types,
                           std::span<const DType> result_dtypes) const = 0;
};

// The extent of each node's value.
std::vector<Extent> extents(const TraceGraph& graph);

// Runs the body once, or asks the op's source. result_dtypes, when not empty, replaces the promoted result dtypes
// (in-place and out= calls store into a tensor of another dtype). Throws gems::Error naming op and operand when the
// body does not type-check.
TraceGraph trace(const OpDef& op, std::span<const CallOperand> operands, std::span<const DType> result_dtypes = {},
                 DType default_dtype = DType::F32);

// One line per operand, node and result; the canonical text that cache keys and tests use.
std::string to_string(const TraceGraph& graph);

}  // namespace gems
