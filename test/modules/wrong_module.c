/* A module in plain C with one thing wrong with it: the name of the mistake is defined as a macro. */
#include <string.h>

#include "gems/module.h"

#define TEXT(literal) {literal, sizeof(literal) - 1}

static const int32_t positions[] = {0, 1};

static const gems_operand operands[] = {
#ifdef not_an_identifier
    {TEXT("x y"), GEMS_OPERAND_TENSOR, {0, 0}, 0, 0, 0, 0},
#elif defined(kind_unknown)
    {TEXT("x"), 9, {0, 0}, 0, 0, 0, 0},
#else
    {TEXT("x"), GEMS_OPERAND_TENSOR, {0, 0}, 0, 0, 0, 0},
#endif
#ifdef row_in_a_pointwise_op
    {TEXT("mode"), GEMS_OPERAND_ROW, {0, 0}, 0, 0, 0, 0},
#elif defined(optional_promoted_alone)
    {TEXT("mode"), GEMS_OPERAND_COLUMN, {0, 0}, 0, 0, 0, 1},
#else
    {TEXT("mode"), GEMS_OPERAND_FLAG, {0, 0}, 0, 0, 0, 0},
#endif
};

static const gems_promotion promotions[] = {
#if defined(flag_promoted) || defined(optional_promoted_alone)
    {TEXT("Default"), 1, positions + 1},
#elif defined(promotion_unknown)
    {TEXT("Upwards"), 1, positions},
#else
    {TEXT("Default"), 1, positions},
#endif
};

static const gems_operator operators[] = {
    {TEXT("minus"), TEXT("minus.c"), 7,
#ifdef accepts_unknown
     TEXT("Quaternion"),
#else
     TEXT("Any"),
#endif
#ifdef too_many_operands
     13,
#else
     2,
#endif
     operands, 1, promotions, 0,
#ifdef optional_promoted_alone
     1},
#else
     0},
#endif
    {TEXT("minus"), TEXT("again.c"), 8, TEXT("Any"), 2, operands, 1, promotions, 0, 0},
};

#ifdef undefined_function
void no_such_function(void);
#endif

static int32_t trace(const gems_operator* op, const gems_call* call, gems_text* text) {
  (void)op;
  (void)call;
#ifdef undefined_function
  no_such_function();
#endif
#ifdef trace_without_memory
  text->data = 0;
  text->size = 0;
  return 1;
#else
  static const char traced[] =
#ifdef unreadable_trace
      "op minus\nnonsense\n";
#elif defined(another_op)
      "op plus\noperand x tensor f32 as f32, position 0\n%0 = operand x : f32\n%1 = neg %0 : f32\nresult out %1 as f32\n";
#elif defined(trace_of_another_call)
      "op minus\noperand x tensor f64 as f64, position 0\n%0 = operand x : f64\n%1 = neg %0 : f64\nresult out %1 as f64\n";
#else
      "op minus\noperand x tensor f32 as f32, position 0\n%0 = operand x : f32\n%1 = neg %0 : f32\nresult out %1 as f32\n";
#endif
  text->data = traced;
  text->size = strlen(traced);
  return 0;
#endif
}

static void free_text(gems_text text) { (void)text; }

__attribute__((unused)) static const gems_module module = {
#ifdef small_table
    8,
#else
    sizeof(gems_module),
#endif
    sizeof(gems_operator), sizeof(gems_operand),
#ifdef named_gems
    TEXT("gems"),
#elif defined(changing)
    TEXT("changing"),
#elif defined(another_op)
    TEXT("another_op"),
#elif defined(trace_of_another_call)
    TEXT("trace_of_another_call"),
#elif defined(trace_without_memory)
    TEXT("trace_without_memory"),
#elif defined(unreadable_trace)
    TEXT("unreadable_trace"),
#else
    TEXT("wrong"),
#endif
#ifdef no_ops
    0,
#elif defined(two_of_one_name)
    2,
#else
    1,
#endif
    operators, trace, free_text};

#ifdef format_of_the_past
#define SYMBOL gems_operators_0
#elif defined(format_to_come)
#define SYMBOL gems_operators_99
#elif defined(nothing_exported)
/* In the file as a text, but not as a symbol. */
#define SYMBOL something_else
const char text_of_a_comment[] = "gems_operators_1";
#else
#define SYMBOL GEMS_MODULE_SYMBOL
#endif

__attribute__((visibility("default"))) const gems_module* SYMBOL(void) {
#ifdef no_table
  return 0;
#else
  return &module;
#endif
}
