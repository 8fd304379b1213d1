// The form of a kernel that both back ends start from: promotion resolved, complex numbers and narrow floats expanded.
//
// The module holds one pw.kernel, `resolved`. Its body contains only
//   arith    constant, addi subi muli divsi divui remsi remui, andi ori xori shli shrsi shrui, cmpi cmpf select,
//            addf subf mulf divf negf remf minimumf maximumf minnumf maxnumf, minsi maxsi minui maxui,
//            extsi extui trunci sitofp uitofp fptosi fptoui extf truncf bitcast
//   math     absf absi ceil floor trunc roundeven sqrt rsqrt exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos
//            atan atan2 sinh cosh tanh erf erfc powf ipowi fma copysign isnan isinf isfinite
//   complex  re and im of block arguments; create, used by pw.yield only
//   pw       approximate, on f32; yield
// where
//   - arithmetic on floats is on f32 and f64. f16, bf16 and float8 occur only as block arguments, as constants, as
//   operands of
//     extf, as results of truncf (from f32, never from f64), in select and bitcast, and in pw.yield;
//   - a complex value is a block argument, or a complex.create in pw.yield; a block argument may be yielded as it is;
//   - integer division and remainder are guarded: no divisor is zero, no quotient overflows; shift counts are less than
//     the width;
//   - fptosi has an i32 or i64 result, fptoui i16, i32 or i64; other integers are truncated from them. NaN and
//   out-of-range
//     values convert as the target's C cast does;
//   - the exponent of ipowi is unsigned: negative exponents are handled around it;
//   - no operation carries fast-math flags.
#pragma once

#include <memory>

#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"
#include "gems/dsl/trace.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace gems::pw {

// A context with the dialects of the compiler loaded. Every compile makes its own, which is what makes compiling
// thread-safe; it must outlive the modules made in it.
std::unique_ptr<mlir::MLIRContext> makeContext();

// The kernel of a trace before any pass. Throws gems::Error when the trace is malformed.
mlir::OwningOpRef<mlir::ModuleOp> buildImported(mlir::MLIRContext& context, const TraceGraph& graph);

// The kernel of a trace after promotion is resolved.
mlir::OwningOpRef<mlir::ModuleOp> buildResolved(mlir::MLIRContext& context, const TraceGraph& graph);

// The kernel of a trace in the form above, for the CPU. Throws gems::Error with the diagnostics when a pass fails.
mlir::OwningOpRef<mlir::ModuleOp> buildFinalForm(mlir::MLIRContext& context, const TraceGraph& graph);

// The final form for CUDA with layout and schedule attached: what the CUDA emitter prints.
mlir::OwningOpRef<mlir::ModuleOp> buildScheduled(mlir::MLIRContext& context, const TraceGraph& graph,
                                                 const Layout& layout, const Schedule& schedule);

}  // namespace gems::pw
