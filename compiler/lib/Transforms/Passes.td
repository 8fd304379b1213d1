// The passes of the compiler, in the order in which they run.
#ifndef PW_PASSES_TD
#define PW_PASSES_TD

include "mlir/Pass/PassBase.td"

class Pw_Pass<string flag> : Pass<flag, "::gems::pw::KernelOp">;

def ResolvePromotion : Pw_Pass<"pw-resolve-promotion"> {
  let summary = "give operands and results their dtypes in memory, with all conversions in the body";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::complex::ComplexDialect"];
}

def ExpandComplex : Pw_Pass<"pw-expand-complex"> {
  let summary = "complex operations to arithmetic on real and imaginary parts";
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::complex::ComplexDialect", "::mlir::math::MathDialect"];
  let options = [Option<"cuda", "cuda", "bool", "false", "limits at infinities as ATen has them on CUDA, not on the CPU">];
}

def LegalizeNarrowFloats : Pw_Pass<"pw-legalize-narrow-floats"> {
  let summary = "arithmetic on f16, bf16 and float8 to f32 arithmetic, rounded after each operation";
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def ApproximateMath : Pw_Pass<"pw-approximate-math"> {
  let summary = "functions of f32 that are rounded to f16 or bf16 to formulas that are as accurate as that needs";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def Fold : Pw_Pass<"pw-fold"> {
  let summary = "fold constants and drop dead operations; no rewriting of float arithmetic";
  let description = [{
    Only the folders of operations, none of their canonicalization patterns: those may create operations that the back
    ends do not know (mulsi_extended), or conversions that round twice.
  }];
}

def ScheduleKernel : Pw_Pass<"pw-schedule"> {
  let summary = "choose how a CUDA kernel covers the iteration space of a kernel that has a layout";
  let options = [Option<"arch", "arch", "int", "90", "CUDA architecture, 90 for sm_90">,
                 Option<"memoryGbps", "memory-gbps", "int", "0", "peak of device memory in GB/s, 0 when not known">];
}

#endif
