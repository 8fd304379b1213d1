// Moves the batch to the front, or goes through it.
#include "operators/rows/row_batching.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/functorch/PlumbingHelper.h>
#include <ATen/ops/stack.h>
#include <c10/core/DefaultDtype.h>

#include <algorithm>
#include <bit>

#include "first_call/rows/row_dims.h"
#include "gems/aten/dtype.h"
#include "gems/dsl/trace.h"
#include "operators/meta.h"
#include "operators/rows/row_arguments.h"
#include "operators/stack_arguments.h"

namespace gems::aten {
namespace {

using at::Tensor;

class BatchedRows {
 public:
  BatchedRows(const OpDef& op, const torch::jit::Stack& stack, const std::vector<Part>& parts)
      : op_(op), parts_(parts), arguments_(torch::jit::last(stack, argument_count(op)).vec()) {
    for (const Part& part : parts_) {
      if (part.batch_dim) size_ = part.tensor.size(*part.batch_dim);
      if (kind(part) == OperandKind::Tensor) rank_ = std::max(rank_, part.rank());
    }
    reduced_ = reduced_dims(op_, arguments_[op_.operands.size()].toDimVector(), rank_);
  }

  bool is_more_rows(const torch::jit::Stack& stack) const {
    if (rank_ == 0) return false;  // none of the batch's dimensions would be reduced, which no argument says
    for (const Part& part : parts_)
      if (part.batch_dim && kind(part) == OperandKind::Column) return false;
    const StackArguments arguments(op_, stack);
    std::vector<CallOperand> operands;
    for (std::size_t i = 0; i < op_.operands.size(); ++i) operands.push_back(operand_of(op_, i, arguments.get()[i]));
    const TraceGraph graph = trace(op_, operands, {}, *to_dtype(c10::get_default_dtype_as_scalartype()));
    return std::ranges::none_of(graph.results,
                                [](const TraceResult& result) { return result.extent == Extent::Column; });
  }

  // With the batch in front.
  torch::jit::Stack together() const {
    torch::jit::Stack stack = arguments_;
    bool has_batch = false;  // among the tensors of elements
    for (const Part& part : parts_) {
      stack[part.position] = in_front(part);
      has_batch = has_batch || (part.batch_dim && kind(part) == OperandKind::Tensor);
    }
    if (!has_batch) give_batch_to_elements(stack);
    std::vector<std::int64_t> dims;
    for (std::int64_t d = 0; d < rank_; ++d)
      if ((reduced_ >> d & 1) != 0) dims.push_back(d - rank_);
    stack[op_.operands.size()] = dims;
    return stack;
  }

  // Member b of the batch.
  torch::jit::Stack member(std::int64_t b) const {
    torch::jit::Stack stack = arguments_;
    for (const Part& part : parts_)
      stack[part.position] = part.batch_dim ? part.tensor.select(*part.batch_dim, b) : part.tensor;
    return stack;
  }

  std::int64_t size() const { return size_; }

 private:
  OperandKind kind(const Part& part) const { return op_.operands[part.position].kind; }

  Tensor in_front(const Part& part) const {
    const Tensor tensor = part.batch_dim ? part.tensor.movedim(*part.batch_dim, 0) : part.tensor;
    switch (kind(part)) {
      case OperandKind::Row:
        return part.batch_dim ? tensor : with_batch(tensor);
      case OperandKind::Column: {
        const bool has_all_dims = part.rank() == rank_ && std::popcount(reduced_) < rank_;
        return has_all_dims ? tensor.unsqueeze(0) : tensor;
      }
      default:
        return part.batch_dim ? full_rank(tensor, part.rank()) : tensor;
    }
  }
  Tensor with_batch(const Tensor& tensor) const {
    std::vector<std::int64_t> sizes = tensor.sizes().vec();
    sizes.insert(sizes.begin(), size_);
    return tensor.unsqueeze(0).expand(sizes);
  }
  // Dimensions that the elements have and the tensor has not go behind the batch.
  Tensor full_rank(Tensor tensor, std::int64_t rank) const {
    for (; rank < rank_; ++rank) tensor = tensor.unsqueeze(1);
    return tensor;
  }
  void give_batch_to_elements(torch::jit::Stack& stack) const {
    const auto first =
        std::ranges::find_if(parts_, [&](const Part& part) { return kind(part) == OperandKind::Tensor; });
    stack[first->position] = full_rank(with_batch(first->tensor), first->rank());
  }

  const OpDef& op_;
  const std::vector<Part>& parts_;
  torch::jit::Stack arguments_;
  std::int64_t size_ = 0;
  std::int64_t rank_ = 0;  // of the elements, without the batch
  std::uint64_t reduced_ = 0;
};

}  // namespace

void call_batched_rows(const OpDef& op, const c10::OperatorHandle& handle, torch::jit::Stack& stack,
                       const std::vector<Part>& parts, std::int64_t level) {
  const BatchedRows rows(op, stack, parts);
  std::vector<Tensor> results;
  if (rows.is_more_rows(stack)) {
    torch::jit::Stack call = rows.together();
    handle.callBoxed(&call);
    for (const c10::IValue& result : call) results.push_back(result.toTensor());
  } else {
    std::vector<std::vector<Tensor>> members(op.result_count());
    for (std::int64_t b = 0; b < rows.size(); ++b) {
      torch::jit::Stack call = rows.member(b);
      handle.callBoxed(&call);
      for (std::size_t r = 0; r < members.size(); ++r) members[r].push_back(call[r].toTensor());
    }
    TORCH_CHECK(rows.size() > 0, "op '", std::string(op.name),
                "': a batch without members, whose results' shapes nothing tells; call it without vmap");
    for (const std::vector<Tensor>& each : members) results.push_back(at::stack(each));
  }
  torch::jit::drop(stack, argument_count(op));
  for (Tensor& result : results) stack.emplace_back(at::functorch::makeBatched(std::move(result), 0, level));
}

}  // namespace gems::aten
