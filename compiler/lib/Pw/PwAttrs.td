// Attributes of the pw dialect: operands, results, layouts and schedules.
#ifndef PW_ATTRS_TD
#define PW_ATTRS_TD

include "Pw/PwBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

// An enumeration of the DSL or the compiler's public headers, spelled as its name() spells it.
class Pw_Named<string type> : AttrOrTypeParameter<"::gems::" # type, "spelled by its name"> {
  let parser = "::gems::pw::detail::parse" # type # "($_parser)";
  let printer = "$_printer << ::gems::name($_self)";
}

// A value of the compiler's public headers, spelled as its custom parser and printer say.
class Pw_Value<string type> : AttrOrTypeParameter<"::gems::" # type, "as it is"> {
  let parser = "::gems::pw::detail::parse" # type # "($_parser)";
  let printer = "::gems::pw::detail::print($_printer, $_self)";
}

// Left out where a value varies along rows and columns, as all of a pointwise kernel do.
def Pw_Extent : DefaultValuedParameter<"::gems::Extent", "::gems::Extent::Element", "of a rowwise kernel"> {
  let parser = "::gems::pw::detail::parseExtent($_parser)";
  let printer = "$_printer << ::gems::name($_self)";
}

class Pw_Attr<string name, string attrMnemonic> : AttrDef<Pw_Dialect, name> {
  let mnemonic = attrMnemonic;
  let genVerifyDecl = 1;
}

def Pw_OperandAttr : Pw_Attr<"Operand", "operand"> {
  let summary = "name, dtype in memory, dtype the body computes in, and form";
  let description = [{
    `#pw.operand<"x", f16 as f32, tensor>`; a number has storage equal to compute. `#pw.operand<"weight", f16 as f32,
    tensor, column>`: one value for each column of a rowwise kernel.
  }];
  let parameters = (ins StringRefParameter<"in emitted code">:$name, Pw_Named<"DType">:$storage,
                        Pw_Named<"DType">:$compute, Pw_Named<"OperandForm">:$form, Pw_Extent:$extent);
  let assemblyFormat = "`<` $name `,` $storage `as` $compute `,` $form (`,` $extent^)? `>`";
}

def Pw_ResultAttr : Pw_Attr<"Result", "result"> {
  let summary = "name, dtype of the body's value, and dtype in memory";
  let description = [{
    `#pw.result<"out", f32 to f16>`. `#pw.result<"mean", f32 to f32, row>`: one value for each row; `column`: the sum
    over all rows, of which the body yields the terms, in f32 where the dtype in memory is narrower.
  }];
  let parameters = (ins StringRefParameter<"in emitted code">:$name, Pw_Named<"DType">:$compute,
                        Pw_Named<"DType">:$storage, Pw_Extent:$extent);
  let assemblyFormat = "`<` $name `,` $compute `to` $storage (`,` $extent^)? `>`";
}

def Pw_LayoutAttr : Pw_Attr<"Layout", "layout"> {
  let summary = "what a CUDA kernel depends on beside its body, as gems::Layout";
  let description = [{
    `#pw.layout<rows>`, and `#pw.layout<flat, single = [1]>` where the second of the tensors that are read has no
    dimensions.
  }];
  let parameters = (ins Pw_Value<"Layout">:$value);
  let assemblyFormat = "`<` $value `>`";
  let genVerifyDecl = 0;
}

def Pw_CpuLayoutAttr : Pw_Attr<"CpuLayout", "cpu_layout"> {
  let summary = "how the tensors of a CPU kernel move along its one dimension, as gems::CpuLayout";
  let description = [{
    `#pw.cpu_layout<(contiguous, broadcast) -> (contiguous)>`: tensors that are read, then results. Of a rowwise kernel
    `#pw.cpu_layout<row (contiguous) -> (broadcast)>` or `<columns ...>`.
  }];
  let parameters = (ins "::gems::CpuWalk":$walk, ArrayRefParameter<"::gems::Step">:$operands,
                        ArrayRefParameter<"::gems::Step">:$results);
  let assemblyFormat = "`<` custom<WalkedSteps>($walk, $operands) `->` custom<Steps>($results) `>`";
  let genVerifyDecl = 0;
}

def Pw_ScheduleAttr : Pw_Attr<"Schedule", "schedule"> {
  let summary = "how a CUDA kernel covers the iteration space, as gems::Schedule";
  let description = "`#pw.schedule<flat, width = 8, unroll = 1, threads = 256, few = 1>`: the family and all its fields.";
  let parameters = (ins Pw_Value<"Schedule">:$value);
  let assemblyFormat = "`<` $value `>`";
  let genVerifyDecl = 0;
}

def Pw_CpuScheduleAttr : Pw_Attr<"CpuSchedule", "cpu_schedule"> {
  let summary = "how a CPU kernel covers its one dimension";
  let description = [{
    `#pw.cpu_schedule<lanes = 16>`: the elements of a vector. `#pw.cpu_schedule<lanes = 16, bf16_pairs>`: bf16 is
    converted by pairs (Cpu/Bf16Pairs.h).
  }];
  let parameters = (ins "int64_t":$lanes, "bool":$bf16Pairs);
  let assemblyFormat = "`<` custom<CpuSchedule>($lanes, $bf16Pairs) `>`";
}

class Pw_Function<string name, int value> : I32EnumAttrCase<name, value>;
def Pw_ComplexFunction : I32EnumAttr<"ComplexFunction", "function of one complex number that upstream lacks", [
    Pw_Function<"acos", 0>, Pw_Function<"asin", 1>, Pw_Function<"atan", 2>, Pw_Function<"cosh", 3>,
    Pw_Function<"exp2", 4>, Pw_Function<"log10", 5>, Pw_Function<"log2", 6>, Pw_Function<"reciprocal", 7>,
    Pw_Function<"sigmoid", 8>, Pw_Function<"sinh", 9>]> {
  let cppNamespace = "::gems::pw";
  let genSpecializedAttr = 0;
}
def Pw_ComplexFunctionAttr : EnumAttr<Pw_Dialect, Pw_ComplexFunction, "complex_function"> {
  let assemblyFormat = "$value";
}

// What each computes, how far off, and by which formula: Scalar/Approximation.cpp. The first five are instructions of
// a GPU, or a few.
def Pw_Approximation : I32EnumAttr<"Approximation", "function of f32 as accurate as a two-byte result needs", [
    Pw_Function<"ex4", 0>, Pw_Function<"lg2", 1>, Pw_Function<"rcp", 2>, Pw_Function<"sqrt", 3>, Pw_Function<"div", 4>,
    Pw_Function<"exp", 5>, Pw_Function<"expm1", 6>, Pw_Function<"logistic", 7>, Pw_Function<"tanh", 8>,
    Pw_Function<"one_plus_tanh", 9>, Pw_Function<"one_minus_tanh_squared", 10>, Pw_Function<"erf", 11>,
    Pw_Function<"one_plus_erf", 12>, Pw_Function<"log", 13>, Pw_Function<"log2", 14>, Pw_Function<"log10", 15>,
    Pw_Function<"log1p", 16>, Pw_Function<"sin", 17>, Pw_Function<"cos", 18>, Pw_Function<"gelu_f16", 19>,
    Pw_Function<"gelu_bf16", 20>, Pw_Function<"exp2", 21>, Pw_Function<"sin_f16", 22>, Pw_Function<"cos_f16", 23>]> {
  let cppNamespace = "::gems::pw";
  let genSpecializedAttr = 0;
}
def Pw_ApproximationAttr : EnumAttr<Pw_Dialect, Pw_Approximation, "approximation"> {
  let assemblyFormat = "$value";
}

// ReduceOp (reduce_ops.def), with the comparisons of unsigned integers apart: body types have no sign.
def Pw_Reduction : I32EnumAttr<"Reduction", "how the values of a row become one", [
    Pw_Function<"sum", 0>, Pw_Function<"prod", 1>, Pw_Function<"max", 2>, Pw_Function<"min", 3>, Pw_Function<"umax", 4>,
    Pw_Function<"umin", 5>, Pw_Function<"max_index", 6>, Pw_Function<"min_index", 7>, Pw_Function<"umax_index", 8>,
    Pw_Function<"umin_index", 9>, Pw_Function<"moments", 10>, Pw_Function<"exp_sum", 11>]> {
  let cppNamespace = "::gems::pw";
  let genSpecializedAttr = 0;
}
def Pw_ReductionAttr : EnumAttr<Pw_Dialect, Pw_Reduction, "reduction"> {
  let assemblyFormat = "$value";
}

#endif
