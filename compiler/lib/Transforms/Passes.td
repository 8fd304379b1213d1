// All passes of the compiler, in the order in which they run. Pipeline/Pipeline.cpp says in which stage, and for which
// back end.
#ifndef PW_PASSES_TD
#define PW_PASSES_TD

include "mlir/Pass/PassBase.td"

class Pw_KernelPass<string flag> : Pass<flag, "::gems::pw::KernelOp">;
class Pw_ModulePass<string flag> : Pass<flag, "::mlir::ModuleOp">;

def ResolvePromotion : Pw_KernelPass<"pw-resolve-promotion"> {
  let summary = "give operands and results their dtypes in memory, with all conversions in the body";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::complex::ComplexDialect"];
}

def ExpandComplex : Pw_KernelPass<"pw-expand-complex"> {
  let summary = "complex operations to arithmetic on real and imaginary parts";
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::complex::ComplexDialect", "::mlir::math::MathDialect"];
  let options = [Option<"cuda", "cuda", "bool", "false", "limits at infinities as ATen has them on CUDA, not on the CPU">];
}

def Fold : Pw_KernelPass<"pw-fold"> {
  let summary = "fold constants and drop dead operations; no rewriting of float arithmetic";
  let description = [{
    Only the folders of operations, none of their canonicalization patterns: those may create operations that the back
    ends do not know (mulsi_extended), or conversions that round twice.
  }];
}

def LegalizeNarrowFloats : Pw_KernelPass<"pw-legalize-narrow-floats"> {
  let summary = "arithmetic on f16, bf16 and float8 to f32 arithmetic, rounded after each operation";
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def ApproximateMath : Pw_KernelPass<"pw-approximate-math"> {
  let summary = "functions of f32 that are rounded to f16 or bf16 to formulas that are as accurate as that needs";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def DivideByExpSum : Pw_KernelPass<"pw-divide-by-exp-sum"> {
  let summary = "terms of a sum of exponentials of f32 over it, as exact, by a reciprocal that is found once for the row";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def VerifyFinalForm : Pw_KernelPass<"pw-verify-final-form"> {
  let summary = "fail on what the back ends do not know";
}

def NumberSweeps : Pw_KernelPass<"pw-number-sweeps"> {
  let summary = "give each reduction of a rowwise kernel the number of the sweep over the row that finds it";
}

// CUDA

def PowersInF64 : Pw_KernelPass<"pw-powers-in-f64"> {
  let summary = "powers of f32 to pw.powf, which is computed in f64";
}

def ScheduleKernel : Pw_KernelPass<"pw-schedule-kernel"> {
  let summary = "attach a schedule, which was chosen from the trace, to a kernel that has a layout";
  let options = [Option<"schedule", "schedule", "std::string", [{""}], "as text: #pw.schedule<...>">];
}

// CPU

def ScheduleCpu : Pw_KernelPass<"pw-schedule-cpu"> {
  let summary = "choose how many elements of a kernel that has a CPU layout are a vector";
  let options = [Option<"vectorBytes", "vector-bytes", "int64_t", "64", "width of the widest vectors">];
}

def LowerToCpu : Pw_ModulePass<"pw-lower-to-cpu"> {
  let summary = "kernels with a CPU schedule to functions with a vector loop";
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::LLVM::LLVMDialect"];
  let options = [Option<"vectorBytes", "vector-bytes", "int64_t", "64", "width of the widest vectors">,
                 Option<"hasF16c", "f16c", "bool", "true", "f16 is converted by instruction">,
                 Option<"hasBf16", "bf16", "bool", "true", "bf16 is rounded to by instruction">];
}

def ExpandMath : Pw_ModulePass<"pw-expand-math"> {
  let summary = "math functions on vectors to arith operations, and to calls of the C library";
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::LLVM::LLVMDialect"];
  let options = [Option<"vectorBytes", "vector-bytes", "int64_t", "64", "width of the widest vectors">];
}

def LoadConstants : Pw_ModulePass<"pw-load-constants"> {
  let summary = "vector constants that one operation reads to loads of a global";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def ConvertToLlvm : Pw_ModulePass<"pw-convert-to-llvm"> {
  let summary = "arith and math on vectors to the llvm dialect";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
