// The boundary between gems and a module of operators, in plain C: a table that describes the operators, and a function
// that traces a call of one. No type of C++, no exception and no memory's ownership but that of the trace's text
// crosses it, so a module works with every gems that knows its format, whatever compiler and standard library made
// either.
//
// GEMS_OPERATORS (gems/dsl/module_table.h) makes the table; docs/modules.md describes it.
#pragma once

#include <stddef.h>
#include <stdint.h>

// The format of all below. A change that appends members to gems_module, gems_operator or gems_operand keeps it (each
// table says how large its entries are); any other change counts it up.
#define GEMS_MODULE_FORMAT 1

// The only symbol that a module exports carries the format in its name: const gems_module* gems_operators_1(void). It
// may be called by any thread, and returns the same table each time, or null when there is no memory for it.
#define GEMS_MODULE_SYMBOL gems_operators_1

#ifdef __cplusplus
extern "C" {
#endif

// UTF-8, not terminated; lives as long as what it is part of.
typedef struct gems_text {
  const char* data;
  size_t size;
} gems_text;

enum { GEMS_FLAG_NONE, GEMS_FLAG_BOOL, GEMS_FLAG_INTEGER, GEMS_FLAG_TEXT };

typedef struct gems_flag {
  int32_t kind;     // GEMS_FLAG_...
  int64_t integer;  // of GEMS_FLAG_BOOL (0, 1) and GEMS_FLAG_INTEGER
  gems_text text;   // of GEMS_FLAG_TEXT: at most 15 bytes
} gems_flag;

// ROW, COLUMN: of rowwise operators.
enum { GEMS_OPERAND_TENSOR, GEMS_OPERAND_SCALAR, GEMS_OPERAND_FLAG, GEMS_OPERAND_ROW, GEMS_OPERAND_COLUMN };

// Dtypes, domains and kinds of promotion are named as in gems/dsl/dtype.h, domain.h and op.h: "f32", "Float",
// "Default".
typedef struct gems_operand {
  gems_text name;
  int32_t kind;                   // GEMS_OPERAND_...
  gems_text dtype;                // of a scalar, or empty
  const gems_flag* default_flag;  // of a flag, or null
  size_t choice_count;
  const gems_flag* choices;  // of a flag: the values that it may have; none: any
  int32_t is_optional;       // of a rowwise operator: a call may leave it out
} gems_operand;

typedef struct gems_promotion {
  gems_text kind;
  size_t operand_count;
  const int32_t* operands;  // positions
} gems_promotion;

typedef struct gems_operator {
  gems_text name;
  gems_text file;  // where it is defined
  int32_t line;
  gems_text accepts;  // a domain
  size_t operand_count;
  const gems_operand* operands;
  size_t result_count;
  const gems_promotion* promotions;  // one for each result
  const void* definition;            // the module's own
  int32_t is_rowwise;                // it reduces rows
} gems_operator;

// ABSENT: nothing is passed for an optional operand.
enum { GEMS_ARGUMENT_TENSOR, GEMS_ARGUMENT_ZERO_DIM, GEMS_ARGUMENT_NUMBER, GEMS_ARGUMENT_FLAG, GEMS_ARGUMENT_ABSENT };

// What a call passes for one operand.
typedef struct gems_argument {
  int32_t kind;       // GEMS_ARGUMENT_...
  gems_text dtype;    // not of flags and of what is absent
  gems_text compute;  // the dtype that it is computed in, of the same
  int32_t in_memory;  // of GEMS_ARGUMENT_ZERO_DIM: 0 if it is passed as a parameter
  gems_flag flag;
} gems_argument;

typedef struct gems_result_types {
  gems_text compute;
  gems_text promoted;
  gems_text stored;  // in memory: the promoted one, or that of a given tensor
} gems_result_types;

typedef struct gems_call {
  size_t argument_count;  // one for each operand
  const gems_argument* arguments;
  size_t result_count;
  const gems_result_types* results;
} gems_call;

typedef struct gems_module {
  size_t module_size;    // sizeof(gems_module)
  size_t operator_size;  // sizeof(gems_operator)
  size_t operand_size;   // sizeof(gems_operand)
  gems_text name;
  size_t operator_count;
  const gems_operator* operators;
  // Traces a call. 0: *text is the trace (the text form of gems/dsl/trace.h); 1: it says why the call cannot be traced.
  // May be called by any thread; the caller gives *text back to free_text.
  int32_t (*trace)(const gems_operator* op, const gems_call* call, gems_text* text);
  void (*free_text)(gems_text text);
} gems_module;

#ifdef __cplusplus
}
#endif
