// Makes a pw.kernel from a TraceGraph.
#include "Import/ImportTrace.h"

#include <fmt/format.h>

#include "Import/ImportScalar.h"
#include "Scalar/Cast.h"
#include "gems/dsl/error.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace gems;
using namespace gems::pw;

namespace {

Value importLiteral(ImplicitLocOpBuilder& b, const TraceNode& node) {
  Type type = bodyType(b.getContext(), node.dtype);
  switch (category(node.dtype)) {
    case Category::Bool:
    case Category::Integer:
      return buildInteger(b, type, node.constant.integer);
    case Category::Float:
      return buildFloat(b, type, node.constant.real);
    case Category::Complex:
      break;
  }
  Type part = cast<ComplexType>(type).getElementType();
  return complex::ConstantOp::create(
      b, type, b.getArrayAttr({b.getFloatAttr(part, node.constant.real), b.getFloatAttr(part, node.constant.imag)}));
}

// Body types have no sign: the comparisons of unsigned integers are reductions of their own.
Reduction reductionOf(gems::ReduceOp op, DType dtype) {
  const bool isUnsigned = is_integral(dtype) && !is_signed(dtype);
  switch (op) {
    case gems::ReduceOp::Sum:
      return Reduction::sum;
    case gems::ReduceOp::Prod:
      return Reduction::prod;
    case gems::ReduceOp::Max:
      return isUnsigned ? Reduction::umax : Reduction::max;
    case gems::ReduceOp::Min:
      return isUnsigned ? Reduction::umin : Reduction::min;
    case gems::ReduceOp::MaxIndex:
      return isUnsigned ? Reduction::umax_index : Reduction::max_index;
    case gems::ReduceOp::MinIndex:
      return isUnsigned ? Reduction::umin_index : Reduction::min_index;
    case gems::ReduceOp::Moments:
      return Reduction::moments;
    case gems::ReduceOp::ExpSum:
      return Reduction::exp_sum;
  }
  return {};
}

// The parts of one reduction are found together: equal ones become one operation by CSE.
Value importReduction(ImplicitLocOpBuilder& b, const TraceNode& node, DType dtype, Value operand) {
  SmallVector<Type> types;
  for (int part = 0; part < parts(node.reduce); ++part)
    types.push_back(bodyType(b.getContext(), part_dtype(node.reduce, part, dtype)));
  auto reduce = pw::ReduceOp::create(b, types, reductionOf(node.reduce, dtype), operand, IntegerAttr());
  return reduce.getParts()[static_cast<unsigned>(node.part)];
}

// The value of one node; the values of earlier nodes and of operands are given.
Value importNode(ImplicitLocOpBuilder& b, const TraceGraph& graph, const TraceNode& node, ArrayRef<Value> values,
                 ValueRange operands) {
  if (node.op == ScalarOp::Operand) return operands[static_cast<size_t>(node.operand)];
  if (node.op == ScalarOp::Literal) return importLiteral(b, node);

  if (node.op == ScalarOp::RowIndex) return RowIndexOp::create(b, b.getI64Type());
  if (node.op == ScalarOp::RowLength) return RowLengthOp::create(b, b.getI64Type());

  SmallVector<Value, 3> args;
  for (int i = 0; i < arity(node.op); ++i) args.push_back(values[static_cast<size_t>(node.args[i])]);
  const DType dtype = graph.nodes[static_cast<size_t>(node.args[0])].dtype;
  if (node.op == ScalarOp::Reduce) return importReduction(b, node, dtype, args[0]);
  if (node.op == ScalarOp::Pick) return PickOp::create(b, args[0], args[1]);
  if (node.op == ScalarOp::Cast) return buildCast(b, args[0], dtype, node.dtype);
  if (node.op == ScalarOp::BitCast) return buildBitCast(b, args[0], node.dtype);
  if (node.op == ScalarOp::Select) return arith::SelectOp::create(b, args[0], args[1], args[2]);

  switch (category(dtype)) {
    case Category::Bool:
    case Category::Integer:
      return importIntegral(b, node.op, dtype, args);
    case Category::Float:
      return importFloat(b, node.op, dtype, args);
    case Category::Complex:
      return importComplex(b, node.op, dtype, args);
  }
  return {};
}

}  // namespace

std::string pw::kernelName(const TraceGraph& graph) {
  SmallVector<std::string_view> operands, results;
  for (const TraceOperand& operand : graph.operands)
    if (operand.form == OperandForm::Tensor) operands.push_back(gems::name(operand.storage));
  for (const TraceResult& result : graph.results) results.push_back(gems::name(result.dtype));
  // One dtype stands for many equal ones.
  auto unite = [](SmallVector<std::string_view>& names) {
    if (llvm::all_equal(names)) names.truncate(std::min<size_t>(names.size(), 1));
  };
  unite(operands);
  unite(results);

  std::string text = "gems_" + graph.op;
  for (std::string_view operand : operands) text += fmt::format("_{}", operand);
  if (operands.size() == 1 && operands == results) return text;
  text += "_to";
  for (std::string_view result : results) text += fmt::format("_{}", result);
  return text;
}

KernelOp pw::importTrace(ModuleOp module, const TraceGraph& graph) {
  MLIRContext* context = module.getContext();
  Location loc =
      FileLineColLoc::get(context, graph.file.empty() ? graph.op : graph.file, static_cast<unsigned>(graph.line), 0);
  ImplicitLocOpBuilder b(loc, context);
  b.setInsertionPointToEnd(module.getBody());

  SmallVector<Attribute> operandSpecs, resultSpecs;
  SmallVector<Type> types;
  for (const TraceOperand& operand : graph.operands) {
    operandSpecs.push_back(
        OperandAttr::get(context, operand.name, operand.storage, operand.compute, operand.form, operand.extent));
    types.push_back(bodyType(context, operand.compute));
  }
  for (const TraceResult& result : graph.results) {
    const DType compute = graph.nodes[static_cast<size_t>(result.node)].dtype;
    resultSpecs.push_back(ResultAttr::get(context, result.name, compute, result.dtype, result.extent));
  }

  auto kernel =
      KernelOp::create(b, b.getStringAttr(kernelName(graph)), b.getStringAttr(graph.op), b.getArrayAttr(operandSpecs),
                       b.getArrayAttr(resultSpecs), graph.is_rowwise ? b.getUnitAttr() : UnitAttr(), UnitAttr(),
                       LayoutAttr(), CpuLayoutAttr(), ScheduleAttr(), CpuScheduleAttr());
  Block* block = b.createBlock(&kernel.getBody(), {}, types, SmallVector<Location>(types.size(), loc));

  SmallVector<Value> values;
  for (const TraceNode& node : graph.nodes) {
    Value value = importNode(b, graph, node, values, block->getArguments());
    if (!value)
      throw Error(fmt::format("op '{}': {} is not defined on {}; cast its operands first (see scalar_ops.def)",
                              graph.op, gems::name(node.op),
                              gems::name(graph.nodes[static_cast<size_t>(node.args[0])].dtype)));
    values.push_back(value);
  }
  SmallVector<Value> yielded;
  for (const TraceResult& result : graph.results) yielded.push_back(values[static_cast<size_t>(result.node)]);
  YieldOp::create(b, yielded);
  return kernel;
}
