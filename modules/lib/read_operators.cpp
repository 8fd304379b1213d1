// Checks all that the rest of gems relies on: numbers within their limits, names that are identifiers, enumerators that
// are known.
#include "read_operators.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "gems/dsl/dtype.h"
#include "gems/dsl/error.h"
#include "gems/dsl/names.h"

namespace gems {
namespace {

constexpr const char* NewerGems =
    "it was built with a newer gems; update this one, or rebuild the module with this one";

template <class T>
const T& entry(const T* first, std::size_t i, std::size_t size_bytes) {
  return *reinterpret_cast<const T*>(reinterpret_cast<const std::byte*>(first) + i * size_bytes);
}

// Reads one operator; the name of what is read stands in front of each message.
class OperatorReader {
 public:
  OperatorReader(const gems_module& module, const gems_operator& from) : module_(module), from_(from) {}

  OpDef read() {
    if (!is_identifier(view(from_.name)))
      throw Error(
          fmt::format("an operator is named '{}'; name it with letters, digits and underscores", view(from_.name)));
    op_.name = view(from_.name);
    op_.file = view(from_.file);
    op_.line = from_.line;
    if (module_.operator_size >= sizeof(gems_operator)) op_.is_rowwise = from_.is_rowwise != 0;
    const std::optional<Domain> accepts = parse_domain(view(from_.accepts));
    if (!accepts) fail(fmt::format("it takes '{}', which this gems does not know: {}", view(from_.accepts), NewerGems));
    op_.accepts = *accepts;
    check_count("operands", from_.operand_count, 1, MaxOperands);
    for (std::size_t i = 0; i < from_.operand_count; ++i) read_operand(entry(from_.operands, i, module_.operand_size));
    if (std::ranges::none_of(
            op_.operands, [](const OperandDef& each) { return each.kind == OperandKind::Tensor && !each.is_optional; }))
      fail("it has no tensor operand; give it one");
    check_count("results", from_.result_count, 1, MaxResults);
    for (std::size_t i = 0; i < from_.result_count; ++i) read_promotion(from_.promotions[i]);
    return op_;
  }

 private:
  [[noreturn]] void fail(const std::string& text) const {
    throw Error(fmt::format("op '{}' ({}:{}): {}", op_.name, op_.file, op_.line, text));
  }

  void check_count(std::string_view what, std::size_t count, std::size_t least, std::size_t most) const {
    if (count < least || count > most) fail(fmt::format("it has {} {}, expected {} to {}", count, what, least, most));
  }

  FlagValue read_flag(const gems_flag& from) const {
    switch (from.kind) {
      case GEMS_FLAG_NONE:
        return {};
      case GEMS_FLAG_BOOL:
        return from.integer != 0;
      case GEMS_FLAG_INTEGER:
        return from.integer;
      case GEMS_FLAG_TEXT:
        return view(from.text);
      default:
        fail(fmt::format("a flag's value is of kind {}, which this gems does not know: {}", from.kind, NewerGems));
    }
  }

  void read_operand(const gems_operand& from) {
    OperandDef operand;
    operand.name = view(from.name);
    if (!is_identifier(operand.name))
      fail(fmt::format("an operand is named '{}'; name it with letters, digits and underscores", operand.name));
    if (std::ranges::find(op_.operands, operand.name, &OperandDef::name) != op_.operands.end())
      fail(fmt::format("two operands are named '{}'; give one another name", operand.name));
    if (from.kind < GEMS_OPERAND_TENSOR || from.kind > GEMS_OPERAND_COLUMN)
      fail(fmt::format("operand '{}' is of kind {}, which this gems does not know: {}", operand.name, from.kind,
                       NewerGems));
    operand.kind = static_cast<OperandKind>(from.kind);
    if (module_.operand_size >= sizeof(gems_operand)) operand.is_optional = from.is_optional != 0;
    if (!op_.is_rowwise &&
        (operand.kind == OperandKind::Row || operand.kind == OperandKind::Column || operand.is_optional))
      fail(fmt::format("operand '{}' is one of rowwise operators; set is_rowwise, or make it a tensor", operand.name));
    if (from.dtype.size != 0) {
      operand.dtype = parse_dtype(view(from.dtype));
      if (!operand.dtype)
        fail(fmt::format("operand '{}' has dtype '{}', which this gems does not know: {}", operand.name,
                         view(from.dtype), NewerGems));
    }
    if (from.default_flag != nullptr) operand.default_flag = read_flag(*from.default_flag);
    check_count("choices of a flag", from.choice_count, 0, MaxChoices);
    for (std::size_t i = 0; i < from.choice_count; ++i)
      operand.choices.items[operand.choices.count++] = read_flag(from.choices[i]);
    op_.operands.items[op_.operands.count++] = operand;
  }

  void read_promotion(const gems_promotion& from) {
    const std::optional<PromotionKind> kind = parse_promotion_kind(view(from.kind));
    if (!kind) fail(fmt::format("it promotes by '{}', which this gems does not know: {}", view(from.kind), NewerGems));
    Promotion promotion{.operands = {}, .kind = *kind};
    check_count("operands in a promotion", from.operand_count, 1, op_.operands.size());
    for (std::size_t i = 0; i < from.operand_count; ++i) {
      const std::int32_t position = from.operands[i];
      if (position < 0 || static_cast<std::size_t>(position) >= op_.operands.size() ||
          op_.operands[static_cast<std::size_t>(position)].kind == OperandKind::Flag)
        fail(fmt::format("it promotes operand {}, which is no tensor and no number of it", position));
      promotion.operands.items[promotion.operands.count++] = position;
    }
    if (std::ranges::all_of(promotion.operands,
                            [&](int position) { return op_.operands[static_cast<std::size_t>(position)].is_optional; }))
      fail("it promotes operands that a call may leave out, and no other; name one that is always there");
    op_.promotions.items[op_.promotions.count++] = promotion;
  }

  const gems_module& module_;
  const gems_operator& from_;
  OpDef op_;
};

}  // namespace

std::string_view view(const gems_text& text) { return {text.data, text.size}; }

std::vector<std::unique_ptr<ModuleOp>> read_operators(const gems_module& module, const std::string& path) {
  // The members that format 1 has had from the beginning; a later module may have more.
  if (module.module_size < sizeof(gems_module) || module.operator_size < offsetof(gems_operator, is_rowwise) ||
      module.operand_size < offsetof(gems_operand, is_optional))
    throw Error("its table is smaller than its format has; rebuild it with the installed gems");
  std::vector<std::unique_ptr<ModuleOp>> ops;
  for (std::size_t i = 0; i < module.operator_count; ++i) {
    const gems_operator& from = entry(module.operators, i, module.operator_size);
    auto op = std::make_unique<ModuleOp>();
    op->def = OperatorReader(module, from).read();
    op->source = std::make_unique<const ModuleSource>(module, from, path);
    op->def.source = op->source.get();
    const auto other = std::ranges::find(ops, op->def.name, [](const auto& each) { return each->def.name; });
    if (other != ops.end())
      throw Error(fmt::format("op '{}' is defined twice: at {}:{} and at {}:{}; give one another name", op->def.name,
                              (*other)->def.file, (*other)->def.line, op->def.file, op->def.line));
    ops.push_back(std::move(op));
  }
  if (ops.empty()) throw Error("it has no operators; name them in GEMS_OPERATORS(...)");
  return ops;
}

}  // namespace gems
