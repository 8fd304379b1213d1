// GEMS_OPERATORS: makes a shared library a module of operators, which gems.load and gems-codegen --module take.
//
//   constexpr OpDef swish_glu_op = pointwise({.name = "swish_glu", ...}, [](Tensor x, Tensor y) { ... });
//   GEMS_OPERATORS(my_ops, swish_glu_op)      // torch.ops.my_ops.swish_glu
#pragma once

#include <initializer_list>
#include <string_view>
#include <type_traits>

#include "gems/dsl/op.h"
#include "gems/module.h"

// Once in a module, in one of its files, outside of all namespaces: the module's name, and the constants of its ops.
#define GEMS_OPERATORS(module, ...)                                                                                 \
  extern "C" __attribute__((visibility("default"), used)) const gems_module* GEMS_MODULE_SYMBOL() noexcept {        \
    static const gems_module* const table = ::gems::detail::table_of_operators(#module __VA_OPT__(, ) __VA_ARGS__); \
    return table;                                                                                                   \
  }

namespace gems {

// The table of a module, made once and never freed; null without memory. The ops live as long as the process.
const gems_module* make_module_table(std::string_view name, std::initializer_list<const OpDef*> ops) noexcept;

namespace detail {

template <class... Ops>
const gems_module* table_of_operators(std::string_view name, Ops&&... ops) noexcept {
  static_assert(sizeof...(Ops) > 0, "GEMS_OPERATORS needs at least one op: GEMS_OPERATORS(my_ops, my_op)");
  static_assert((std::is_same_v<std::decay_t<Ops>, OpDef> && ...),
                "GEMS_OPERATORS takes OpDef constants, as pointwise() makes them");
  static_assert((std::is_lvalue_reference_v<Ops> && ...),
                "GEMS_OPERATORS takes the names of OpDef constants: give the result of pointwise() a name first");
  return make_module_table(name, {&ops...});
}

}  // namespace detail
}  // namespace gems
