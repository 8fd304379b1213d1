// Derives ops: the op's trace is replayed into a builder, then each node passes on what its results' gradients (from
// the last node to the first) or its arguments' tangents (from the first to the last) contribute, by derivatives.h.
#include "gems/dsl/differentiate.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "derivatives.h"
#include "gems/dsl/error.h"
#include "gems/dsl/trace.h"
#include "graph_builder.h"

namespace gems {
namespace {

using From = DerivedOperand::From;

// Of one call, operands and results together: as MaxTensors of the compiler (gems/compiler/layout.h).
constexpr std::size_t MaxTensors = 12;

bool is_continuous(DType dtype) { return is_float(dtype) || is_complex(dtype); }

// What is derived: of which op, in which direction, from what, for what.
struct Question {
  const OpDef& op;
  bool reverse;
  PositionSet incoming;  // reverse: results, forward: operands
  PositionSet wanted;    // reverse: operands, forward: results
  Ties ties;
};

// The derivative of one call. Of the builder's operands, which are all that a derived op could have, it may use few.
class Derivation {
 public:
  Derivation(const Question& question, const TraceGraph& forward, std::span<const DerivedOperand> operands,
             std::span<const CallOperand> given, std::span<const std::string> names)
      : question_(question), forward_(forward) {
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const DType compute = compute_of(operands[i]);
      const bool is_number = given[i].is_number();
      const Value value = graph_.operand({.name = names[i],
                                          .form = is_number ? OperandForm::Number : OperandForm::Tensor,
                                          .storage = is_number ? compute : given[i].dtype,
                                          .compute = compute,
                                          .position = -1});
      place(operands[i].from)[static_cast<std::size_t>(operands[i].index)] = value;
    }
    replay();
    if (question.reverse)
      pull_back();
    else
      push_forward();
  }

  // One node for each position that is asked for; -1: zero.
  const std::vector<int>& results() const { return results_; }
  GraphBuilder& graph() { return graph_; }

 private:
  std::array<Value, MaxOperands>& place(From from) {
    return from == From::Operand ? operands_ : from == From::Result ? saved_ : incoming_;
  }

  DType compute_of(const DerivedOperand& operand) const {
    const auto of_result = [&](int index) {
      return forward_.nodes[static_cast<std::size_t>(forward_.results[static_cast<std::size_t>(index)].node)].dtype;
    };
    if (operand.from == From::Result || (operand.from == From::Incoming && question_.reverse))
      return of_result(operand.index);
    const auto found = std::ranges::find(forward_.operands, operand.index, &TraceOperand::position);
    return found->compute;
  }

  // The logistic function, written out: its derivative by the quotient's rule would be infinity times 0 where exp
  // overflows.
  std::optional<Value> logistic(const TraceNode& node, std::span<const Value> args) {
    if (node.op != ScalarOp::Div || !is_continuous(node.dtype)) return std::nullopt;
    const TraceNode& sum = graph_.node(args[1].node);
    if (sum.op != ScalarOp::Add) return std::nullopt;
    for (const int i : {0, 1}) {
      const Value exponential = graph_.argument(args[1].node, i);
      if (!graph_.is_literal(graph_.argument(args[1].node, 1 - i), 1)) continue;
      if (graph_.node(exponential.node).op != ScalarOp::Exp) continue;
      return args[0] * apply(ScalarOp::Sigmoid, -graph_.argument(exponential.node, 0));
    }
    return std::nullopt;
  }

  void replay() {
    for (const TraceNode& node : forward_.nodes) {
      if (node.op == ScalarOp::Operand) {
        const auto position = forward_.operands[static_cast<std::size_t>(node.operand)].position;
        values_.push_back(operands_[static_cast<std::size_t>(position)]);
      } else if (node.op == ScalarOp::Literal) {
        values_.push_back(graph_.constant(node.dtype, node.constant));
      } else {
        std::vector<Value> args;
        for (int i = 0; i < arity(node.op); ++i)
          args.push_back(values_[static_cast<std::size_t>(node.args[static_cast<std::size_t>(i)])]);
        const std::optional<Value> known = logistic(node, args);
        values_.push_back(known ? *known : graph_.apply(node.op, node.dtype, args));
      }
    }
    replayed_ = graph_.size();
  }

  Value result(std::size_t r) const { return values_[static_cast<std::size_t>(forward_.results[r].node)]; }

  Site site_of(int node) {
    Site site{.args = {}, .out = {&graph_, node}, .reverse = question_.reverse, .ties = question_.ties};
    for (int i = 0; i < arity(graph_.node(node).op); ++i)
      site.args[static_cast<std::size_t>(i)] = graph_.argument(node, i);
    for (std::size_t r = 0; r < forward_.results.size(); ++r)
      if (saved_[r] && result(r).node == node) site.out = saved_[r];
    return site;
  }

  // Whether the node's value moves with what has a derivative here: the arguments for which `moves` holds.
  template <class Moves>
  bool passes(int node, int argument, const Moves& moves) const {
    const TraceNode& of = graph_.node(node);
    const int from = of.args[static_cast<std::size_t>(argument)];
    // A cast to integers is piecewise constant; a bit_cast to them is not, and has no derivative.
    const bool is_continuous_there = is_continuous(of.dtype) || of.op == ScalarOp::BitCast;
    return moves(from) && is_continuous_there && !is_constant_in(of.op, argument);
  }

  void add_to(Value& sum, Value term) {
    if (!sum) {
      sum = term;
      return;
    }
    const auto product = [&](Value value) { return graph_.node(value.node).op == ScalarOp::Mul; };
    if (product(term))
      sum = multiply_add(graph_.argument(term.node, 0), graph_.argument(term.node, 1), sum);
    else if (product(sum))
      sum = multiply_add(graph_.argument(sum.node, 0), graph_.argument(sum.node, 1), term);
    else
      sum = sum + term;
  }

  void pull_back() {
    std::vector<bool> moves(static_cast<std::size_t>(replayed_));
    for (std::size_t i = 0; i < MaxOperands; ++i)
      if (has(question_.wanted, i) && operands_[i] && is_continuous(operands_[i].dtype()))
        moves[static_cast<std::size_t>(operands_[i].node)] = true;
    const auto is_moving = [&](int node) { return bool{moves[static_cast<std::size_t>(node)]}; };
    for (int node = 0; node < replayed_; ++node)
      for (int i = 0; i < arity(graph_.node(node).op); ++i)
        if (passes(node, i, is_moving)) moves[static_cast<std::size_t>(node)] = true;

    std::vector<Value> gradients(static_cast<std::size_t>(replayed_));
    for (std::size_t r = 0; r < forward_.results.size(); ++r)
      if (incoming_[r] && is_continuous(result(r).dtype()))
        add_to(gradients[static_cast<std::size_t>(result(r).node)], incoming_[r]);
    for (int node = replayed_; node-- > 0;) {
      const Value gradient = gradients[static_cast<std::size_t>(node)];
      if (!is_moving(node)) continue;
      const Site site = site_of(node);
      for (int i = 0; i < arity(graph_.node(node).op); ++i) {
        if (!passes(node, i, is_moving)) continue;
        if (graph_.node(node).op == ScalarOp::BitCast) propagate(ScalarOp::BitCast, i, site, site.out);
        if (!gradient) continue;
        const int argument = graph_.node(node).args[static_cast<std::size_t>(i)];
        add_to(gradients[static_cast<std::size_t>(argument)], propagate(graph_.node(node).op, i, site, gradient));
      }
    }
    for (std::size_t i = 0; i < MaxOperands; ++i) {
      if (!has(question_.wanted, i)) continue;
      const Value gradient = operands_[i] ? gradients[static_cast<std::size_t>(operands_[i].node)] : Value();
      results_.push_back(gradient ? gradient.node : -1);
    }
  }

  void push_forward() {
    std::vector<Value> tangents(static_cast<std::size_t>(replayed_));
    for (std::size_t i = 0; i < MaxOperands; ++i)
      if (incoming_[i] && is_continuous(operands_[i].dtype()))
        tangents[static_cast<std::size_t>(operands_[i].node)] = incoming_[i];
    const auto is_moving = [&](int node) { return bool{tangents[static_cast<std::size_t>(node)]}; };
    for (int node = 0; node < replayed_; ++node) {
      const Site site = site_of(node);
      const ScalarOp op = graph_.node(node).op;
      for (int i = 0; i < arity(op); ++i) {
        if (!passes(node, i, is_moving)) continue;
        const int argument = graph_.node(node).args[static_cast<std::size_t>(i)];
        add_to(tangents[static_cast<std::size_t>(node)],
               propagate(op, i, site, tangents[static_cast<std::size_t>(argument)]));
      }
    }
    for (std::size_t r = 0; r < forward_.results.size(); ++r) {
      if (!has(question_.wanted, r)) continue;
      const Value tangent = tangents[static_cast<std::size_t>(result(r).node)];
      results_.push_back(tangent ? tangent.node : -1);
    }
  }

  const Question& question_;
  const TraceGraph& forward_;
  GraphBuilder graph_;
  std::array<Value, MaxOperands> operands_{};
  std::array<Value, MaxOperands> incoming_{};
  std::array<Value, MaxOperands> saved_{};
  std::vector<Value> values_;  // of the op's own nodes
  int replayed_ = 0;           // the builder's nodes that stand for the op's own
  std::vector<int> results_;
};

bool is_flag(const OpDef& op, std::size_t position) { return op.operands[position].kind == OperandKind::Flag; }

bool is_promoted(const OpDef& op, int position) {
  return std::ranges::any_of(op.promotions, [&](const Promotion& promotion) {
    return std::ranges::find(promotion.operands, position) != promotion.operands.end();
  });
}

// Of a result that a gradient or tangent can belong to.
bool is_only_truth(const Promotion& promotion) { return promotion.kind == PromotionKind::AlwaysBool; }

}  // namespace

// A derived op with all that it points to.
struct Derivatives::Entry final : TraceSource {
  Question question;
  OpDef op;
  std::string name;
  std::vector<std::string> operand_names;
  Derived derived;

  explicit Entry(const Question& asked) : question(asked) {}

  TraceGraph trace(const OpDef& derived_op, std::span<const CallOperand> operands, const ResolvedTypes& types,
                   std::span<const DType> result_dtypes) const override;

  void derive();

 private:
  struct Probe {
    std::vector<bool> used;
    std::vector<int> results;
  };

  std::vector<DerivedOperand> all_operands() const;
  std::vector<std::string> names_of(std::span<const DerivedOperand> operands) const;
  Probe probe(std::span<const CallOperand> call, std::span<const DerivedOperand> operands, bool saves_results) const;
  // Calls of all tensors in one dtype, and of all choices of the flags.
  std::vector<std::vector<CallOperand>> sample_calls() const;
  void make_op();
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(fmt::format("op '{}' has no {}: {}", question.op.name, question.reverse ? "gradient" : "tangent", why));
  }
};

Derivatives::Derivatives() : Derivatives([](const OpDef&) { return Ties::Share; }) {}
Derivatives::Derivatives(TiesOf ties_of) : ties_of_(ties_of) {}
Derivatives::~Derivatives() = default;

std::vector<DerivedOperand> Derivatives::Entry::all_operands() const {
  std::vector<DerivedOperand> all;
  const OpDef& of = question.op;
  for (std::size_t i = 0; i < MaxOperands; ++i)
    if (has(question.incoming, i)) all.push_back({From::Incoming, static_cast<int>(i)});
  if (question.reverse)
    for (std::size_t r = 0; r < of.result_count(); ++r) all.push_back({From::Result, static_cast<int>(r)});
  for (std::size_t i = 0; i < of.operands.size(); ++i)
    if (!is_flag(of, i)) all.push_back({From::Operand, static_cast<int>(i)});
  return all;
}

std::vector<std::string> Derivatives::Entry::names_of(std::span<const DerivedOperand> operands) const {
  const OpDef& of = question.op;
  std::vector<std::string> names;
  const auto is_taken = [&](const std::string& name) {
    return std::ranges::find(names, name) != names.end() ||
           std::ranges::any_of(of.operands, [&](const OperandDef& operand) { return operand.name == name; });
  };
  for (const auto& [from, index] : operands) {
    if (from == From::Operand) {
      names.emplace_back(of.operands[static_cast<std::size_t>(index)].name);
      continue;
    }
    const std::string number = of.result_count() == 1 ? "" : std::to_string(index);
    std::string name = from == From::Result ? "result" + number
                       : question.reverse
                           ? "grad" + number
                           : fmt::format("tangent_{}", of.operands[static_cast<std::size_t>(index)].name);
    while (is_taken(name)) name += "_";
    names.push_back(std::move(name));
  }
  return names;
}

Derivatives::Entry::Probe Derivatives::Entry::probe(std::span<const CallOperand> call,
                                                    std::span<const DerivedOperand> operands,
                                                    bool saves_results) const {
  const TraceGraph forward = gems::trace(question.op, call);
  std::vector<DerivedOperand> offered;
  std::vector<CallOperand> given;
  for (const DerivedOperand& operand : operands) {
    if (operand.from == From::Result && !saves_results) continue;
    const auto index = static_cast<std::size_t>(operand.index);
    const bool is_result = operand.from == From::Result || (operand.from == From::Incoming && question.reverse);
    offered.push_back(operand);
    given.push_back(is_result ? CallOperand{CallOperand::Kind::Tensor, forward.results[index].dtype} : call[index]);
  }
  const std::vector<std::string> names(offered.size());
  Derivation derivation(question, forward, offered, given, names);
  std::vector<int> results = derivation.results();
  std::vector<int> nodes;
  std::ranges::copy_if(results, std::back_inserter(nodes), [](int node) { return node >= 0; });
  const std::vector<bool> used = derivation.graph().used_operands(nodes);
  Probe found{std::vector<bool>(operands.size()), std::move(results)};
  for (std::size_t i = 0, at = 0; i < operands.size(); ++i)
    if (operands[i].from != From::Result || saves_results) found.used[i] = used[at++];
  return found;
}

std::vector<std::vector<CallOperand>> Derivatives::Entry::sample_calls() const {
  std::vector<std::vector<CallOperand>> calls;
  for (const DType dtype : {DType::F32, DType::F64, DType::F16, DType::C64}) {
    std::vector<std::vector<CallOperand>> of_dtype{{}};
    for (std::size_t i = 0; i < question.op.operands.size(); ++i) {
      const OperandDef& operand = question.op.operands[i];
      std::vector<CallOperand> values;
      if (operand.kind == OperandKind::Tensor) {
        const bool is_condition = !is_promoted(question.op, static_cast<int>(i)) &&
                                  !has(question.reverse ? question.wanted : question.incoming, i);
        values = {{.kind = CallOperand::Kind::Tensor, .dtype = is_condition ? DType::Bool : dtype}};
      } else if (operand.kind == OperandKind::Scalar) {
        values = {{.kind = CallOperand::Kind::Number, .dtype = DType::I64, .in_memory = false}};
      } else {
        FixedList<FlagValue, MaxChoices> choices = operand.choices;
        if (choices.empty() && operand.default_flag && operand.default_flag->kind == FlagValue::Kind::Bool)
          choices = {false, true};
        if (choices.empty()) choices = {operand.default_flag.value_or(FlagValue())};
        for (const FlagValue& choice : choices) values.push_back({.kind = CallOperand::Kind::Flag, .flag = choice});
      }
      std::vector<std::vector<CallOperand>> longer;
      for (const auto& call : of_dtype)
        for (const CallOperand& value : values) {
          longer.push_back(call);
          longer.back().push_back(value);
        }
      of_dtype = std::move(longer);
    }
    std::ranges::move(of_dtype, std::back_inserter(calls));
  }
  return calls;
}

// Which operands the derived op has and which results, from what the derivatives of sample calls use.
void Derivatives::Entry::derive() {
  const OpDef& of = question.op;
  const std::vector<DerivedOperand> all = all_operands();
  struct Both {
    Probe recomputing, saving;
  };
  std::vector<Both> probes;
  std::optional<std::string> refusal;
  for (const auto& call : sample_calls()) {
    try {
      probes.push_back({probe(call, all, false), question.reverse ? probe(call, all, true) : Probe{}});
    } catch (const Error& error) {
      if (!refusal) refusal = error.what();
    }
  }
  if (probes.empty()) fail(*refusal);

  // What the op returned is used where it takes the place of all operands (exp, sqrt, ...): nothing more is read, and
  // nothing is computed again.
  const auto reads_operands = [&](const Probe& probe) {
    for (std::size_t i = 0; i < all.size(); ++i)
      if (probe.used[i] && all[i].from == From::Operand) return true;
    return false;
  };
  const bool saves = question.reverse && std::ranges::all_of(probes, [&](const Both& both) {
                       return !reads_operands(both.saving) && reads_operands(both.recomputing);
                     });
  // Flags without a list of choices may take any value: other values may need what the samples do not.
  const bool knows_all = std::ranges::all_of(of.operands, [](const OperandDef& operand) {
    return operand.kind != OperandKind::Flag || !operand.choices.empty() ||
           (operand.default_flag && operand.default_flag->kind == FlagValue::Kind::Bool);
  });
  const auto is_kept = [&](std::size_t i) {
    const auto& [from, index] = all[i];
    if (from == From::Incoming) return true;
    if (from == From::Result)
      return saves && std::ranges::any_of(probes, [&](const Both& both) { return bool{both.saving.used[i]}; });
    if (saves) return false;
    const bool is_used = std::ranges::any_of(probes, [&](const Both& both) { return bool{both.recomputing.used[i]}; });
    if (is_used || !knows_all) return true;
    if (of.operands[static_cast<std::size_t>(index)].kind == OperandKind::Scalar) return false;
    // A tangent's dtype is that of its operand; what has none says its dtype itself. Conditions always do.
    const bool moves = !question.reverse && has(question.incoming, static_cast<std::size_t>(index));
    return !is_promoted(of, index) || (!question.reverse && !moves);
  };
  for (std::size_t i = 0; i < all.size(); ++i)
    if (is_kept(i)) derived.operands.push_back(all[i]);
  for (std::size_t i = 0; i < of.operands.size(); ++i)
    if (is_flag(of, i)) derived.operands.push_back({From::Operand, static_cast<int>(i)});

  // One result for each value; equal where all samples say so.
  const auto node_of = [&](const Both& both, std::size_t i) {
    return (saves ? both.saving : both.recomputing).results[i];
  };
  std::vector<std::size_t> first;  // of each result of the derived op, the first position that it stands for
  const std::size_t asked = probes[0].recomputing.results.size();
  for (std::size_t i = 0; i < asked; ++i) {
    const bool is_zero = std::ranges::all_of(probes, [&](const Both& both) { return node_of(both, i) < 0; });
    const auto same = std::ranges::find_if(first, [&](std::size_t other) {
      return std::ranges::all_of(probes, [&](const Both& both) { return node_of(both, i) == node_of(both, other); });
    });
    derived.results.push_back(is_zero ? -1 : static_cast<int>(same - first.begin()));
    if (!is_zero && same == first.end()) first.push_back(i);
  }
  if (!first.empty()) make_op();
}

void Derivatives::Entry::make_op() {
  const OpDef& of = question.op;
  const std::size_t result_count = static_cast<std::size_t>(*std::ranges::max_element(derived.results)) + 1;
  if (derived.operands.size() > MaxOperands)
    fail(fmt::format("it would take {} operands, and an op takes at most {}", derived.operands.size(), MaxOperands));
  const auto tensors =
      static_cast<std::size_t>(std::ranges::count_if(derived.operands, [&](const DerivedOperand& each) {
        return each.from != From::Operand ||
               of.operands[static_cast<std::size_t>(each.index)].kind == OperandKind::Tensor;
      }));
  if (tensors + result_count > MaxTensors)
    fail(fmt::format("it would read and write {} tensors, and a call has at most {}", tensors + result_count,
                     MaxTensors));
  if (result_count > MaxResults)
    fail(fmt::format("it would have {} results, and an op has at most {}; ask for fewer", result_count, MaxResults));
  name = fmt::format("{}_{}", of.name, question.reverse ? "vjp" : "jvp");
  for (std::size_t i = 0; i < of.operands.size(); ++i)
    if (has(question.reverse ? question.wanted : question.incoming, i)) name += fmt::format("_{}", of.operands[i].name);
  std::size_t seen = 0;
  for (std::size_t r = 0; question.reverse && r < of.result_count(); ++r) seen += has(question.incoming, r);
  if (question.reverse && seen < of.result_count())
    for (std::size_t r = 0; r < of.result_count(); ++r)
      if (has(question.incoming, r)) name += fmt::format("_of{}", r);
  operand_names = names_of(derived.operands);

  op.name = name;
  op.file = of.file;
  op.line = of.line;
  op.source = this;
  op.operands.count = derived.operands.size();
  for (std::size_t i = 0; i < derived.operands.size(); ++i) {
    const auto& [from, index] = derived.operands[i];
    if (from == From::Operand) op.operands[i] = of.operands[static_cast<std::size_t>(index)];
    op.operands[i].name = operand_names[i];
  }
  const auto place = [&](DerivedOperand operand) -> std::optional<int> {
    const auto found = std::ranges::find(derived.operands, operand);
    return found == derived.operands.end() ? std::nullopt
                                           : std::optional(static_cast<int>(found - derived.operands.begin()));
  };
  const auto add = [&](Promotion& promotion, std::optional<int> position) {
    if (position && std::ranges::find(promotion.operands, *position) == promotion.operands.end())
      promotion.operands[promotion.operands.count++] = *position;
  };
  op.promotions.count = result_count;
  std::size_t asked = 0;
  for (std::size_t i = 0; i < MaxOperands; ++i) {
    if (!has(question.wanted, i)) continue;
    const int result = derived.results[asked++];
    if (result < 0) continue;
    Promotion& promotion = op.promotions[static_cast<std::size_t>(result)];
    if (question.reverse) {
      // The incoming gradients decide, which have the dtype that the op's operands promote to; all others are named,
      // too, so that they are no conditions, whose dtype is their own.
      for (std::size_t d = 0; d < derived.operands.size(); ++d) {
        const auto& [from, index] = derived.operands[d];
        if (from != From::Operand || (!is_flag(of, static_cast<std::size_t>(index)) && is_promoted(of, index)))
          add(promotion, static_cast<int>(d));
      }
    } else {
      promotion.kind = of.promotions[i].kind;
      for (const int position : of.promotions[i].operands) {
        add(promotion, place({From::Incoming, position}));
        add(promotion, place({From::Operand, position}));
      }
    }
  }
  derived.op = &op;
}

TraceGraph Derivatives::Entry::trace(const OpDef& derived_op, std::span<const CallOperand> operands,
                                     const ResolvedTypes& types, std::span<const DType> result_dtypes) const {
  const OpDef& of = question.op;
  // The call of the op itself. An operand that the derived op does without has no say in dtypes: a tensor of the
  // incoming gradient's dtype promotes to that.
  std::vector<CallOperand> call(of.operands.size(), {.kind = CallOperand::Kind::Tensor, .dtype = operands[0].dtype});
  for (std::size_t i = 0; i < call.size(); ++i)
    if (of.operands[i].kind == OperandKind::Scalar)
      call[i] = {.kind = CallOperand::Kind::Number, .dtype = DType::I64, .in_memory = false};
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const auto& [from, index] = derived.operands[i];
    if (from == From::Operand || (from == From::Incoming && !question.reverse))
      call[static_cast<std::size_t>(index)] = operands[i];
  }
  // An operand itself says more than its tangent.
  for (std::size_t i = 0; i < operands.size(); ++i)
    if (derived.operands[i].from == From::Operand)
      call[static_cast<std::size_t>(derived.operands[i].index)] = operands[i];
  const TraceGraph forward = gems::trace(of, call);

  // All operands that are left out are offered too: the op's own nodes are made of them.
  std::vector<DerivedOperand> offered;
  std::vector<CallOperand> given;
  std::vector<std::string> names;
  std::vector<int> kept;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (operands[i].kind == CallOperand::Kind::Flag) continue;
    kept.push_back(static_cast<int>(offered.size()));
    offered.push_back(derived.operands[i]);
    given.push_back(operands[i]);
    names.push_back(operand_names[i]);
  }
  for (std::size_t i = 0; i < of.operands.size(); ++i) {
    const DerivedOperand own{From::Operand, static_cast<int>(i)};
    if (is_flag(of, i) || std::ranges::find(derived.operands, own) != derived.operands.end()) continue;
    offered.push_back(own);
    given.push_back(call[i]);
    names.emplace_back(of.operands[i].name);
  }

  Derivation derivation(question, forward, offered, given, names);
  GraphBuilder& builder = derivation.graph();
  std::vector<int> nodes(derived_op.result_count(), -1);
  for (std::size_t i = 0; i < derived.results.size(); ++i) {
    if (derived.results[i] < 0) continue;
    int& node = nodes[static_cast<std::size_t>(derived.results[i])];
    if (node >= 0 && node != derivation.results()[i])
      fail("results that are equal in other dtypes differ in these; ask for them one by one");
    node = derivation.results()[i];
  }
  for (std::size_t r = 0; r < nodes.size(); ++r) {
    if (nodes[r] < 0) nodes[r] = builder.literal(types.result_compute[r], 0).node;
    // As Tracer::add_result: a value that goes into memory of another dtype is rounded to its own first.
    if (result_dtypes[r] != types.result[r]) nodes[r] = cast(Value{&builder, nodes[r]}, types.result[r]).node;
  }
  TraceGraph graph = builder.take(kept, nodes);
  graph.op = name;
  graph.file = op.file;
  graph.line = op.line;
  for (std::size_t i = 0, at = 0; i < operands.size(); ++i)
    if (operands[i].kind != CallOperand::Kind::Flag) graph.operands[at++].position = static_cast<std::int32_t>(i);
  for (std::size_t r = 0; r < nodes.size(); ++r)
    graph.results.push_back(
        {.name = nodes.size() == 1 ? "out" : fmt::format("out{}", r), .node = nodes[r], .dtype = result_dtypes[r]});
  return graph;
}

const Derived& Derivatives::find(const OpDef& op, Direction direction, PositionSet incoming, PositionSet wanted) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<Entry>& entry = entries_[{&op, direction, incoming, wanted}];
  if (entry == nullptr) {
    auto made = std::make_unique<Entry>(Question{op, direction == Direction::Reverse, incoming, wanted, ties_of_(op)});
    made->derive();
    entry = std::move(made);
  }
  return entry->derived;
}

const Derived& Derivatives::gradient(const OpDef& op, PositionSet incoming, PositionSet wanted) {
  return find(op, Direction::Reverse, incoming, wanted);
}

const Derived& Derivatives::tangent(const OpDef& op, PositionSet moving) {
  PositionSet results = 0;
  for (std::size_t r = 0; r < op.result_count(); ++r)
    if (!is_only_truth(op.promotions[r])) results |= only(r);
  return find(op, Direction::Forward, moving, results);
}

}  // namespace gems
