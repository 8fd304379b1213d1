// Operations of the pw dialect.
#ifndef PW_OPS_TD
#define PW_OPS_TD

include "Pw/PwAttrs.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Pw_Op<string mnemonic, list<Trait> traits = []> : Op<Pw_Dialect, mnemonic, traits>;

def Pw_OperandArrayAttr : TypedArrayAttrBase<Pw_OperandAttr, "array of #pw.operand">;
def Pw_ResultArrayAttr : TypedArrayAttrBase<Pw_ResultAttr, "array of #pw.result">;

def Pw_KernelOp : Pw_Op<"kernel", [
    IsolatedFromAbove, SingleBlock, Symbol, DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "one op for one signature: a scalar body over operands in memory";
  let description = [{
    The body has one argument for each operand and yields one value for each result. Before `pw-resolve-promotion`
    they have the compute dtypes of the attributes; afterwards (`resolved`) the storage dtypes, with all conversions in
    the body. In a `rowwise` kernel the body stands for one element of one row; pw.reduce gives one value for the row.

    ```mlir
    pw.kernel @silu_f16 of "silu" operands [#pw.operand<"x", f16 as f32, tensor>]
        results [#pw.result<"out", f32 to f16>] {
    ^bb0(%x: f32):
      %minus = arith.negf %x : f32
      ...
      pw.yield %quotient : f32
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$definition, Pw_OperandArrayAttr:$operand_specs,
                       Pw_ResultArrayAttr:$result_specs, UnitAttr:$rowwise, UnitAttr:$resolved, OptionalAttr<Pw_LayoutAttr>:$layout,
                       OptionalAttr<Pw_CpuLayoutAttr>:$cpu_layout, OptionalAttr<Pw_ScheduleAttr>:$schedule,
                       OptionalAttr<Pw_CpuScheduleAttr>:$cpu_schedule);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `of` $definition `operands` $operand_specs `results` $result_specs (`rowwise` $rowwise^)? (`resolved` $resolved^)?
    (`layout` $layout^)? (`cpu_layout` $cpu_layout^)? (`schedule` $schedule^)? (`cpu_schedule` $cpu_schedule^)?
    attr-dict-with-keyword $body
  }];
  let extraClassDeclaration = [{
    OperandAttr operandSpec(unsigned index) { return ::llvm::cast<OperandAttr>(getOperandSpecs()[index]); }
    ResultAttr resultSpec(unsigned index) { return ::llvm::cast<ResultAttr>(getResultSpecs()[index]); }
    YieldOp getYield();
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Pw_YieldOp : Pw_Op<"yield", [HasParent<"KernelOp">, Pure, Terminator]> {
  let summary = "the values of a kernel's results for one element";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

def Pw_ReduceOp : Pw_Op<"reduce", [Pure]> {
  let summary = "the values of a row as one value, or as two that are found together";
  let description = [{
    The numbers of the sweeps over a row in which reductions are found are given by `pw-number-sweeps`: a reduction
    whose values depend on another's result belongs to a later sweep. `approximate`: the exponentials of exp_sum may be
    pw.approximate exp.

    ```mlir
    %max, %sum = pw.reduce exp_sum %x sweep 1 : f32 -> f32, f32
    %value, %index = pw.reduce max_index %x sweep 1 : f32 -> f32, i64
    ```
  }];
  let arguments = (ins Pw_ReductionAttr:$kind, AnyType:$operand, OptionalAttr<I64Attr>:$sweep, UnitAttr:$approximate);
  let results = (outs Variadic<AnyType>:$parts);
  let assemblyFormat = [{
    $kind $operand (`sweep` $sweep^)? (`approximate` $approximate^)? attr-dict `:` type($operand) `->` type($parts)
  }];
}

def Pw_PickOp : Pw_Op<"pick", [Pure, AllTypesMatch<["value", "result"]>]> {
  let summary = "the value that an element of the row has, by its index";
  let arguments = (ins AnyType:$value, I64:$index);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$value `at` $index attr-dict `:` type($value)";
}

def Pw_RowIndexOp : Pw_Op<"row_index", [Pure]> {
  let summary = "the index of the element in its row";
  let results = (outs I64:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Pw_RowLengthOp : Pw_Op<"row_length", [Pure]> {
  let summary = "the number of elements of a row";
  let results = (outs I64:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Pw_ComplexUnaryOp : Pw_Op<"complex_unary", [Pure, SameOperandsAndResultType]> {
  let summary = "a function of one complex number that the complex dialect lacks";
  let arguments = (ins Pw_ComplexFunctionAttr:$function, Complex<AnyFloat>:$operand);
  let results = (outs Complex<AnyFloat>:$result);
  let assemblyFormat = "$function $operand attr-dict `:` type($result)";
}

def Pw_PowF32Op : Pw_Op<"powf", [Pure, SameOperandsAndResultType]> {
  let summary = "a power in f32, computed in f64";
  let description = "Made by `pw-powers-in-f64`, for GPUs that compute in f64 at half the rate of f32.";
  let arguments = (ins F32:$base, F32:$exponent);
  let results = (outs F32:$result);
  let assemblyFormat = "$base `,` $exponent attr-dict `:` type($result)";
}

def Pw_F32OrVector : AnyTypeOf<[F32, VectorOfAnyRankOf<[F32]>]>;
def Pw_ApproximateOp : Pw_Op<"approximate", [Pure, SameOperandsAndResultType]> {
  let summary = "a function in f32 whose result is going to be rounded to f16 or bf16";
  let description = [{
    Made by `pw-approximate-math`. On vectors it occurs only inside the CPU back end.

    ```mlir
    %0 = pw.approximate exp %x : f32
    %1 = pw.approximate div %x, %y : f32
    ```
  }];
  let arguments = (ins Pw_ApproximationAttr:$function, Variadic<Pw_F32OrVector>:$operands);
  let results = (outs Pw_F32OrVector:$result);
  let assemblyFormat = "$function $operands attr-dict `:` type($result)";
  let hasVerifier = 1;
}

#endif
