// Which operands and results a derived op has, from derivations of sample calls; and the trace of a call of it.
#include "gems/dsl/differentiate.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "derivation.h"
#include "gems/dsl/error.h"
#include "gems/dsl/trace.h"
#include "graph_builder.h"

namespace gems {
namespace {

using From = DerivedOperand::From;

// Of one call, operands and results together: as MaxTensors of the compiler (gems/compiler/layout.h).
constexpr std::size_t MaxTensors = 12;

bool is_flag(const OpDef& op, std::size_t position) { return op.operands[position].kind == OperandKind::Flag; }

bool is_promoted(const OpDef& op, int position) {
  return std::ranges::any_of(op.promotions, [&](const Promotion& promotion) {
    return std::ranges::find(promotion.operands, position) != promotion.operands.end();
  });
}

// Of a result that no gradient or tangent can belong to.
bool is_discrete(const Promotion& promotion) {
  return promotion.kind == PromotionKind::AlwaysBool || promotion.kind == PromotionKind::Index;
}

// What the op returned may be kept for its gradient.
enum class Saved : std::uint8_t { Nothing, OfRows, All };

bool is_offered(Saved saved, const TraceResult& result) {
  if (result.extent == Extent::Column) return false;  // a sum over all rows, and no row's value
  return saved == Saved::All || (saved == Saved::OfRows && result.extent == Extent::Row);
}

OperandKind kind_of(Extent extent) {
  return extent == Extent::Row      ? OperandKind::Row
         : extent == Extent::Column ? OperandKind::Column
                                    : OperandKind::Tensor;
}

}  // namespace

// A derived op with all that it points to.
struct Derivatives::Entry final : TraceSource {
  Question question;
  OpDef op;
  std::string name;
  std::vector<std::string> operand_names;
  std::vector<Extent> extents;  // of the results of the op that is derived
  Derived derived;

  explicit Entry(const Question& asked) : question(asked) {}

  TraceGraph trace(const OpDef& derived_op, std::span<const CallOperand> operands, const ResolvedTypes& types,
                   std::span<const DType> result_dtypes) const override;

  void derive();

 private:
  struct Probe {
    std::vector<bool> used;
    std::vector<DerivedResult> results;
    std::vector<Extent> extents;  // of the op's own results
  };

  std::vector<DerivedOperand> all_operands() const;
  OperandKind kind_of(DerivedOperand operand) const;
  // Whether no call leaves it out.
  bool is_required(DerivedOperand operand) const;
  std::vector<std::string> names_of(std::span<const DerivedOperand> operands) const;
  // What the derivative of a call, which traces to `forward`, uses.
  Probe probe(const TraceGraph& forward, std::span<const CallOperand> call, std::span<const DerivedOperand> operands,
              Saved saved) const;
  // The values of one operand in sample calls of a dtype.
  std::vector<CallOperand> sample_operands(std::size_t position, DType dtype) const;
  // Calls of all tensors in one dtype, with all choices of the flags: those of two dtypes in the same order.
  std::vector<std::vector<CallOperand>> sample_calls(DType dtype) const;
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

OperandKind Derivatives::Entry::kind_of(DerivedOperand operand) const {
  const auto index = static_cast<std::size_t>(operand.index);
  const bool is_of_operand = operand.from == From::Operand || (operand.from == From::Incoming && !question.reverse);
  return is_of_operand ? question.op.operands[index].kind : gems::kind_of(extents[index]);
}

bool Derivatives::Entry::is_required(DerivedOperand operand) const {
  return operand.from != From::Operand || !question.op.operands[static_cast<std::size_t>(operand.index)].is_optional;
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

Derivatives::Entry::Probe Derivatives::Entry::probe(const TraceGraph& forward, std::span<const CallOperand> call,
                                                    std::span<const DerivedOperand> operands, Saved saved) const {
  std::vector<DerivedOperand> offered;
  std::vector<CallOperand> given;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const auto index = static_cast<std::size_t>(operands[i].index);
    const bool is_result = operands[i].from == From::Result || (operands[i].from == From::Incoming && question.reverse);
    if (operands[i].from == From::Result && !is_offered(saved, forward.results[index])) continue;
    if (!is_result && call[index].kind == CallOperand::Kind::Absent) continue;
    offered.push_back(operands[i]);
    given.push_back(is_result ? CallOperand{CallOperand::Kind::Tensor, forward.results[index].dtype} : call[index]);
    places.push_back(i);
  }
  const std::vector<std::string> names(offered.size());
  Derivation derivation(question, forward, offered, given, names);
  std::vector<int> nodes;
  for (const DerivedResult& result : derivation.results())
    if (result.node >= 0) nodes.push_back(result.node);
  const std::vector<bool> used = derivation.graph().used_operands(nodes);
  Probe found{std::vector<bool>(operands.size()), derivation.results(), {}};
  for (std::size_t at = 0; at < places.size(); ++at) found.used[places[at]] = used[at];
  for (const TraceResult& result : forward.results) found.extents.push_back(result.extent);
  return found;
}

std::vector<CallOperand> Derivatives::Entry::sample_operands(std::size_t position, DType dtype) const {
  const OperandDef& operand = question.op.operands[position];
  const bool is_asked_for = has(question.reverse ? question.wanted : question.incoming, position);
  if (operand.kind == OperandKind::Scalar)
    return {{.kind = CallOperand::Kind::Number, .dtype = DType::I64, .in_memory = false}};
  if (operand.kind == OperandKind::Flag) {
    FixedList<FlagValue, MaxChoices> choices = operand.choices;
    if (choices.empty() && operand.default_flag && operand.default_flag->kind == FlagValue::Kind::Bool)
      choices = {false, true};
    if (choices.empty()) choices = {operand.default_flag.value_or(FlagValue())};
    std::vector<CallOperand> values;
    for (const FlagValue& choice : choices) values.push_back({.kind = CallOperand::Kind::Flag, .flag = choice});
    return values;
  }
  std::vector<DType> dtypes{dtype};
  if (!is_promoted(question.op, static_cast<int>(position))) {
    // Statistics of rows, and indices; a tensor is a condition.
    if (is_asked_for)
      dtypes = {opmath_of(dtype)};
    else if (operand.kind == OperandKind::Tensor)
      dtypes = {DType::Bool};
    else
      dtypes = {opmath_of(dtype), DType::I64};
  }
  std::vector<CallOperand> values;
  for (const DType each : dtypes) values.push_back({.kind = CallOperand::Kind::Tensor, .dtype = each});
  if (operand.is_optional && !is_asked_for) values.push_back({.kind = CallOperand::Kind::Absent});
  return values;
}

std::vector<std::vector<CallOperand>> Derivatives::Entry::sample_calls(DType dtype) const {
  std::vector<std::vector<CallOperand>> calls{{}};
  for (std::size_t i = 0; i < question.op.operands.size(); ++i) {
    const std::vector<CallOperand> values = sample_operands(i, dtype);
    std::vector<std::vector<CallOperand>> longer;
    for (const auto& call : calls)
      for (const CallOperand& value : values) {
        longer.push_back(call);
        longer.back().push_back(value);
      }
    calls = std::move(longer);
  }
  return calls;
}

namespace {

// Whether calls differ in the dtypes of tensors alone.
bool choose_the_same(const std::vector<CallOperand>& a, const std::vector<CallOperand>& b) {
  return std::ranges::equal(a, b, [](const CallOperand& x, const CallOperand& y) {
    return x.kind == y.kind && (x.kind != CallOperand::Kind::Flag || x.flag == y.flag);
  });
}

}  // namespace

// Which operands the derived op has and which results, from what the derivatives of sample calls use.
void Derivatives::Entry::derive() {
  const OpDef& of = question.op;
  const std::vector<DerivedOperand> all = all_operands();
  using Probes = std::array<Probe, 3>;  // by what is saved
  // What the op returned is used where it takes the place of all operands (exp, sqrt, softmax, ...): nothing more is
  // read, and nothing is computed again. What it returned of rows is used anyway: that is little to read, and a sweep
  // less. Beside rows, operands that are one for all rows count as little.
  const auto reads_operands = [&](const Probe& probe) {
    for (std::size_t i = 0; i < all.size(); ++i)
      if (probe.used[i] && all[i].from == From::Operand &&
          (!of.is_rowwise || of.operands[static_cast<std::size_t>(all[i].index)].kind == OperandKind::Tensor))
        return true;
    return false;
  };
  const auto replaces_operands = [&](const Probes& each) {
    return !reads_operands(each[static_cast<std::size_t>(Saved::All)]) &&
           reads_operands(each[static_cast<std::size_t>(Saved::Nothing)]);
  };
  bool may_save_all = question.reverse;
  std::vector<Probes> probes;
  std::optional<std::string> refusal;
  const auto try_call = [&](const std::vector<CallOperand>& call) {
    try {
      const TraceGraph forward = gems::trace(of, call);
      Probes found{probe(forward, call, all, Saved::Nothing)};
      const auto probe_saved = [&](Saved saved) {
        found[static_cast<std::size_t>(saved)] = probe(forward, call, all, saved);
      };
      if (question.reverse && of.is_rowwise) probe_saved(Saved::OfRows);
      if (may_save_all) probe_saved(Saved::All);
      may_save_all = may_save_all && replaces_operands(found);
      probes.push_back(std::move(found));
      return true;
    } catch (const Error& error) {
      if (!refusal) refusal = error.what();
      return false;
    }
  };
  // Which dtypes statistics and indices may have is found in f32; other dtypes try the first that were taken there with
  // the same choices, all where none was.
  const std::vector<std::vector<CallOperand>> calls = sample_calls(DType::F32);
  std::vector<bool> is_taken;
  for (const auto& call : calls) is_taken.push_back(try_call(call));
  const auto is_tried = [&](std::size_t at) {
    for (std::size_t other = 0; other < calls.size(); ++other)
      if (is_taken[other] && choose_the_same(calls[other], calls[at])) return other == at;
    return true;
  };
  for (const DType dtype : {DType::F64, DType::F16, DType::C64}) {
    const std::vector<std::vector<CallOperand>> of_dtype = sample_calls(dtype);
    for (std::size_t at = 0; at < calls.size(); ++at)
      if (is_tried(at)) try_call(of_dtype[at]);
  }
  if (probes.empty()) fail(*refusal);

  const Saved saved = may_save_all ? Saved::All : question.reverse && of.is_rowwise ? Saved::OfRows : Saved::Nothing;
  std::vector<Probe> chosen;
  for (Probes& each : probes) chosen.push_back(std::move(each[static_cast<std::size_t>(saved)]));
  // Flags without a list of choices may take any value: other values may need what the samples do not.
  const bool knows_all = std::ranges::all_of(of.operands, [](const OperandDef& operand) {
    return operand.kind != OperandKind::Flag || !operand.choices.empty() ||
           (operand.default_flag && operand.default_flag->kind == FlagValue::Kind::Bool);
  });
  const auto is_kept = [&](std::size_t i) {
    const auto& [from, index] = all[i];
    const bool is_used = std::ranges::any_of(chosen, [&](const Probe& each) { return bool{each.used[i]}; });
    if (from == From::Incoming || is_used) return true;
    if (from == From::Result || saved == Saved::All) return false;
    if (!knows_all) return true;
    if (of.operands[static_cast<std::size_t>(index)].kind == OperandKind::Scalar) return false;
    // A tangent's dtype is that of its operand; what has none says its dtype itself. Conditions always do.
    const bool moves = !question.reverse && has(question.incoming, static_cast<std::size_t>(index));
    return !is_promoted(of, index) || (!question.reverse && !moves);
  };
  // A rowwise op takes the shape of its rows from a tensor of elements.
  extents = chosen[0].extents;
  const auto has_elements = [&](std::size_t i) {
    return kind_of(all[i]) == OperandKind::Tensor && is_required(all[i]);
  };
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (is_kept(i)) kept.push_back(i);
  if (of.is_rowwise && std::ranges::none_of(kept, has_elements))
    for (std::size_t i = all.size(); i-- > 0;)
      if (all[i].from == From::Operand && has_elements(i)) kept.push_back(i);
  std::ranges::sort(kept);
  for (const std::size_t i : kept) derived.operands.push_back(all[i]);
  for (std::size_t i = 0; i < of.operands.size(); ++i)
    if (is_flag(of, i)) derived.operands.push_back({From::Operand, static_cast<int>(i)});

  // One result for each value; equal where all samples say so.
  std::vector<std::size_t> first;  // of each result of the derived op, the first position that it stands for
  const std::size_t asked = chosen[0].results.size();
  for (std::size_t i = 0; i < asked; ++i) {
    const bool is_zero = std::ranges::all_of(chosen, [&](const Probe& each) { return each.results[i].node < 0; });
    const auto same = std::ranges::find_if(first, [&](std::size_t other) {
      return std::ranges::all_of(chosen, [&](const Probe& each) { return each.results[i] == each.results[other]; });
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
        return kind_of(each) != OperandKind::Scalar && kind_of(each) != OperandKind::Flag;
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
  op.is_rowwise = of.is_rowwise;
  op.operands.count = derived.operands.size();
  for (std::size_t i = 0; i < derived.operands.size(); ++i) {
    const auto& [from, index] = derived.operands[i];
    if (from == From::Operand) op.operands[i] = of.operands[static_cast<std::size_t>(index)];
    op.operands[i].kind = kind_of(derived.operands[i]);
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
      // Statistics of rows, which may have a wider dtype, have no say beside the gradients of what they belong to.
      const auto is_statistic = [&](const DerivedOperand& each) {
        const PromotionKind kind = of.promotions[static_cast<std::size_t>(each.index)].kind;
        return kind == PromotionKind::Accumulate || kind == PromotionKind::Index;
      };
      for (std::size_t d = 0; d < derived.operands.size(); ++d) {
        const auto& [from, index] = derived.operands[d];
        const bool takes_part = from == From::Operand
                                    ? !is_flag(of, static_cast<std::size_t>(index)) && is_promoted(of, index)
                                    : !is_statistic(derived.operands[d]);
        if (takes_part) add(promotion, static_cast<int>(d));
      }
      if (std::ranges::all_of(promotion.operands,
                              [&](int d) { return op.operands[static_cast<std::size_t>(d)].is_optional; }))
        add(promotion, 0);
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
    if (operands[i].kind == CallOperand::Kind::Flag || operands[i].kind == CallOperand::Kind::Absent) continue;
    kept.push_back(static_cast<int>(offered.size()));
    offered.push_back(derived.operands[i]);
    given.push_back(operands[i]);
    names.push_back(operand_names[i]);
  }
  for (std::size_t i = 0; i < of.operands.size(); ++i) {
    const DerivedOperand own{From::Operand, static_cast<int>(i)};
    if (is_flag(of, i) || std::ranges::find(derived.operands, own) != derived.operands.end()) continue;
    if (call[i].kind == CallOperand::Kind::Absent) continue;
    offered.push_back(own);
    given.push_back(call[i]);
    names.emplace_back(of.operands[i].name);
  }

  Derivation derivation(question, forward, offered, given, names);
  GraphBuilder& builder = derivation.graph();
  std::vector<DerivedResult> results(derived_op.result_count());
  for (std::size_t i = 0; i < derived.results.size(); ++i) {
    if (derived.results[i] < 0) continue;
    DerivedResult& result = results[static_cast<std::size_t>(derived.results[i])];
    if (result.node >= 0 && result != derivation.results()[i])
      fail("results that are equal in other dtypes differ in these; ask for them one by one");
    result = derivation.results()[i];
  }
  std::vector<int> nodes;
  for (const DerivedResult& result : results) nodes.push_back(result.node);
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
    if (operands[i].kind != CallOperand::Kind::Flag && operands[i].kind != CallOperand::Kind::Absent)
      graph.operands[at++].position = static_cast<std::int32_t>(i);
  graph.is_rowwise = op.is_rowwise;
  const std::vector<Extent> of_nodes = gems::extents(graph);
  for (std::size_t r = 0; r < nodes.size(); ++r) {
    const bool is_of_row = op.is_rowwise && !varies_along_columns(of_nodes[static_cast<std::size_t>(nodes[r])]);
    graph.results.push_back({.name = nodes.size() == 1 ? "out" : fmt::format("out{}", r),
                             .node = nodes[r],
                             .dtype = result_dtypes[r],
                             .extent = results[r].sums_columns ? Extent::Column
                                       : is_of_row             ? Extent::Row
                                                               : Extent::Element});
  }
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
    if (!is_discrete(op.promotions[r])) results |= only(r);
  return find(op, Direction::Forward, moving, results);
}

}  // namespace gems
