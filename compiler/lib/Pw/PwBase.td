// The pw dialect: what upstream dialects lack to describe a pointwise kernel.
#ifndef PW_BASE_TD
#define PW_BASE_TD

include "mlir/IR/OpBase.td"

def Pw_Dialect : Dialect {
  let name = "pw";
  let cppNamespace = "::gems::pw";
  let summary = "Pointwise kernels over strided operands";
  let description = [{
    One `pw.kernel` holds the scalar body of one op for one signature. The body is made of `arith`, `math` and
    `complex` operations on single elements; how elements move between memory and the body is said by attributes.

    Body types are signless (`i8`, `i32`), bool is `i1`; signedness is kept by the dtypes in the operand and result
    attributes, and in the choice of signed or unsigned operations.
  }];
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = "void registerAttributes();";
}

#endif
