// Traces written by hand, node by node: what the tests of the compiler start from.
#pragma once

#include <string>
#include <vector>

#include "gems/dsl/trace.h"

namespace gems::test {

class TraceBuilder {
 public:
  explicit TraceBuilder(std::string op);

  // Return the node. storage and compute may differ for tensors.
  int tensor(const std::string& name, DType storage, DType compute);
  int tensor(const std::string& name, DType dtype) { return tensor(name, dtype, dtype); }
  int number(const std::string& name, DType dtype);
  int literal(DType dtype, double value);
  int cast(int x, DType to);
  int bit_cast(int x, DType to);
  int add(ScalarOp op, const std::vector<int>& args);

  // Stored as `dtype`.
  void result(int node, DType dtype);
  void result(int node) { result(node, dtype(node)); }

  DType dtype(int node) const { return graph_.nodes[static_cast<std::size_t>(node)].dtype; }
  TraceGraph take();

 private:
  int convert(ScalarOp op, int x, DType to);
  int operand(const std::string& name, OperandForm form, DType storage, DType compute);
  TraceGraph graph_;
};

// The dtype of op's result on operands of `dtype`; as scalar_ops.def says.
DType result_dtype(ScalarOp op, DType dtype);
// True when scalar_ops.def defines op on operands of this dtype (for Select: on its last two).
bool is_defined(ScalarOp op, DType dtype);

// One node of op on tensors x, y, z.
TraceGraph single_op(ScalarOp op, DType dtype);

// Every operation whose dtype follows from that of its operands: not literals and casts.
std::vector<ScalarOp> all_scalar_ops();

// A bit_cast between each two dtypes of one size; that of a NaN, whose bits are not specified, gives a second operand.
std::vector<TraceGraph> all_bit_casts();

// x + alpha * y, alpha a number.
TraceGraph scaled_sum(DType x, DType y, DType result);

}  // namespace gems::test
