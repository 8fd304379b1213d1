// Looks the name up among all operators that are registered, and calls what it finds through the dispatcher.
#include "operators/single/named_activation.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "gems/dsl/edit_distance.h"
#include "geometry/plain_tensor.h"
#include "operators/operators.h"
#include "operators/watched.h"

namespace gems::aten {
namespace {

constexpr std::size_t MostNear = 3;

std::string_view without_namespace(std::string_view name) {
  const std::size_t at = name.rfind("::");
  return at == std::string_view::npos ? name : name.substr(at + 2);
}

bool is_of_one_tensor(const OpDef& op) {
  return !op.is_rowwise && op.operands.size() == 1 && op.operands[0].kind == OperandKind::Tensor &&
         op.result_count() == 1;
}

// Those that could be meant, nearest first.
std::vector<std::string> near(std::string_view name, std::span<const std::string_view> own) {
  const bool is_qualified = name != without_namespace(name);
  const std::size_t limit = std::max<std::size_t>(1, name.size() / 3);
  std::vector<std::pair<std::size_t, std::string>> found;
  const auto add = [&](std::string_view full) {
    const std::size_t distance = edit_distance(name, is_qualified ? full : without_namespace(full));
    if (distance <= limit) found.emplace_back(distance, fmt::format("'{}'", full));
  };
  for (const std::string_view each : own) add(each);
  for (const std::string& each : operator_names())
    if (is_of_one_tensor(*find_operator(each)) && !without_namespace(each).starts_with('_')) add(each);
  std::ranges::sort(found);
  std::vector<std::string> names;
  for (auto& [distance, each] : found)
    if (names.size() < MostNear) names.push_back(std::move(each));
  return names;
}

}  // namespace

NamedActivation::NamedActivation(std::string_view caller, std::string_view name,
                                 std::span<const std::string_view> own) {
  const std::string start = fmt::format("op '{}': operand 'act' is '{}'", caller, name);
  const std::vector<std::string> found =
      name == without_namespace(name) ? operators_called(name) : std::vector{std::string(name)};
  TORCH_CHECK(found.size() < 2, start, ", which is ", fmt::format("{}", fmt::join(found, " and ")),
              ": name one of them with its namespace");
  if (!found.empty()) op_ = find_operator(name_ = found[0]);
  if (op_ == nullptr) {
    std::vector<std::string> quoted;
    for (const std::string_view each : own) quoted.push_back(fmt::format("'{}'", each));
    const std::string last = std::move(quoted.back());
    quoted.pop_back();
    const std::vector<std::string> others = near(name, own);
    TORCH_CHECK(false, start, "; expected ", fmt::format("{} or {}", fmt::join(quoted, ", "), last),
                ", or an operator of one tensor by its name, as 'my_ops::swish' of a module that is loaded",
                others.empty() ? "" : fmt::format("; near it: {}", fmt::join(others, ", ")));
  }
  TORCH_CHECK(is_of_one_tensor(*op_), start, ", the operator ", schema_of(*op_, name_),
              "; expected one that takes one tensor and nothing else, and gives one: call this one with the product");
}

at::Tensor NamedActivation::operator()(const at::Tensor& x) const {
  c10::Dispatcher& dispatcher = c10::Dispatcher::singleton();
  // The result has the dtype of x.
  const bool fits = op_->promotions[0].kind == PromotionKind::Default;
  if (fits && !needs_gradient(x) && !is_watched() && !refuse_kinds(x.key_set().raw_repr(), /*any_named=*/false)) {
    at::Tensor result = x;
    dispatcher.findSchemaOrThrow(name_.c_str(), "out").typed<void(const at::Tensor&, at::Tensor&)>().call(x, result);
    return result;
  }
  return dispatcher.findSchemaOrThrow(name_.c_str(), "").typed<at::Tensor(const at::Tensor&)>().call(x);
}

}  // namespace gems::aten
