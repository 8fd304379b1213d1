// Asks the process's Derivatives for ops, and has them registered.
#include "operators/derived_operators.h"

#include <algorithm>
#include <utility>

#include "gems/dsl/error.h"
#include "gems/ops/gradients.h"
#include "operators/operators.h"

namespace gems::aten {
namespace {

using From = DerivedOperand::From;

// Never freed: kernels of operators point into it, and the dispatcher outlives static objects.
Derivatives& derivatives() {
  static auto* all = new Derivatives(ops::ties_of);
  return *all;
}

std::vector<int> positions_of(PositionSet set) {
  std::vector<int> positions;
  for (int i = 0; i < static_cast<int>(MaxOperands); ++i)
    if (has(set, static_cast<std::size_t>(i))) positions.push_back(i);
  return positions;
}

// Calls `derive` for the whole set or, where that would be too large for an op, for parts of it.
template <class Derive>
void in_parts(PositionSet set, const Derive& derive) {
  const std::vector<int> positions = positions_of(set);
  try {
    derive(set);
    return;
  } catch (const Error&) {
    if (positions.size() == 1) throw;
  }
  PositionSet first = 0;
  for (std::size_t i = 0; i < positions.size() / 2; ++i) first |= only(static_cast<std::size_t>(positions[i]));
  in_parts(first, derive);
  in_parts(set & ~first, derive);
}

PositionSet tensors_of(const OpDef& op) {
  PositionSet set = 0;
  for (std::size_t i = 0; i < op.operands.size(); ++i)
    if (op.operands[i].kind != OperandKind::Scalar && op.operands[i].kind != OperandKind::Flag) set |= only(i);
  return set;
}

PositionSet promoted_tensors_of(const OpDef& op) {
  PositionSet set = 0;
  for (const Promotion& promotion : op.promotions)
    for (const int position : promotion.operands) set |= only(static_cast<std::size_t>(position));
  return set & tensors_of(op);
}

}  // namespace

PositionSet continuous_results(const OpDef& op) {
  PositionSet set = 0;
  for (std::size_t r = 0; r < op.result_count(); ++r)
    if (op.promotions[r].kind != PromotionKind::AlwaysBool && op.promotions[r].kind != PromotionKind::Index)
      set |= only(r);
  return set;
}

DerivedCall DerivedOperators::call_of(const Derived& derived, PositionSet asked) const {
  DerivedCall call{derived.op, derived.operands, positions_of(asked), derived.results, std::nullopt};
  if (derived.op != nullptr) call.handle = derived_operator(*derived.op, namespace_);
  return call;
}

std::optional<DerivedCall> DerivedOperators::written(PositionSet wanted) const {
  const OpDef* gradient = ops::written_gradient(op_);
  if (gradient == nullptr || wanted != tensors_of(op_)) return std::nullopt;
  DerivedCall call{.op = gradient};
  for (const OperandDef& operand : gradient->operands) {
    const auto own = std::ranges::find(op_.operands, operand.name, &OperandDef::name);
    call.operands.push_back(own == op_.operands.end()
                                ? DerivedOperand{From::Incoming, 0}
                                : DerivedOperand{From::Operand, static_cast<int>(own - op_.operands.begin())});
  }
  call.positions = positions_of(wanted);
  for (std::size_t i = 0; i < call.positions.size(); ++i) call.results.push_back(static_cast<int>(i));
  call.handle =
      c10::Dispatcher::singleton().findSchemaOrThrow((namespace_ + "::" + std::string(gradient->name)).c_str(), "");
  return call;
}

const std::vector<DerivedCall>& DerivedOperators::gradients(PositionSet wanted, bool is_real) {
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = gradients_.try_emplace({wanted, is_real});
  if (!is_new) return found->second;
  try {
    if (auto by_hand = is_real ? written(wanted) : std::nullopt) {
      found->second.push_back(*std::move(by_hand));
    } else {
      in_parts(wanted, [&](PositionSet part) {
        found->second.push_back(call_of(derivatives().gradient(op_, continuous_results(op_), part), part));
      });
    }
  } catch (...) {
    gradients_.erase(found);
    throw;
  }
  return found->second;
}

const std::vector<DerivedCall>& DerivedOperators::tangents(PositionSet moving) {
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = tangents_.try_emplace(moving);
  if (!is_new) return found->second;
  try {
    in_parts(moving, [&](PositionSet part) {
      found->second.push_back(call_of(derivatives().tangent(op_, part), continuous_results(op_)));
    });
  } catch (...) {
    tangents_.erase(found);
    throw;
  }
  return found->second;
}

std::vector<const OpDef*> gradient_ops(const OpDef& op) {
  std::vector<const OpDef*> ops;
  const std::vector<int> positions = positions_of(promoted_tensors_of(op));
  const PositionSet results = continuous_results(op);
  if (results == 0) return ops;
  const unsigned everything = (1u << positions.size()) - 1;
  for (unsigned chosen = positions.size() <= 3 ? 1 : everything; chosen <= everything; ++chosen) {
    PositionSet wanted = 0;
    for (std::size_t i = 0; i < positions.size(); ++i)
      if (chosen >> i & 1) wanted |= only(static_cast<std::size_t>(positions[i]));
    try {
      in_parts(wanted, [&](PositionSet part) {
        const OpDef* derived = derivatives().gradient(op, results, part).op;
        if (derived != nullptr && std::ranges::find(ops, derived) == ops.end()) ops.push_back(derived);
      });
    } catch (const Error&) {
      return ops;  // said where a gradient is asked for
    }
  }
  return ops;
}

}  // namespace gems::aten
