// expect: GEMS_OPERATORS needs at least one op: GEMS_OPERATORS(my_ops, my_op)
#include "gems/dsl.h"

GEMS_OPERATORS(my_ops)
