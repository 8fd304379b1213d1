// The pw dialect in C++: generated classes, and how dtypes map to body types.
#pragma once

#include <optional>

#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"
#include "gems/dsl/dtype.h"
#include "gems/dsl/trace.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace gems {
std::string_view name(OperandForm form);
inline llvm::hash_code hash_value(const Layout& layout) {
  llvm::hash_code hash{0};
  for_each_field(layout, [&](std::string_view, const auto& field) { hash = llvm::hash_combine(hash, field); });
  return hash;
}
template <class S>
  requires requires { S::fields; }
llvm::hash_code hash_value(const S& schedule) {
  return std::apply([&](const auto&... field) { return llvm::hash_combine(schedule.*field.value...); }, S::fields);
}
inline llvm::hash_code hash_value(const Schedule& schedule) {
  return std::visit([&](const auto& kind) { return llvm::hash_combine(schedule.index(), hash_value(kind)); }, schedule);
}
}  // namespace gems

namespace gems::pw {

class YieldOp;

// Used by the generated parsers and printers of attributes; enumerations are spelled by their name().
namespace detail {
mlir::FailureOr<DType> parseDType(mlir::AsmParser& parser);
mlir::FailureOr<OperandForm> parseOperandForm(mlir::AsmParser& parser);
mlir::FailureOr<Extent> parseExtent(mlir::AsmParser& parser);
mlir::FailureOr<Layout> parseLayout(mlir::AsmParser& parser);
mlir::FailureOr<Schedule> parseSchedule(mlir::AsmParser& parser);
void print(mlir::AsmPrinter& printer, const Layout& layout);
void print(mlir::AsmPrinter& printer, const Schedule& schedule);
}  // namespace detail

// The type that a value of this dtype has in a body: signless integers, i1 for bool.
mlir::Type bodyType(mlir::MLIRContext* context, DType dtype);

// The dtype of a float type of less than 32 bits (f16, bf16, float8): values in it are kept, arithmetic is done in f32.
std::optional<DType> narrowFloat(mlir::Type type);
inline bool isNarrowFloat(mlir::Type type) { return narrowFloat(type).has_value(); }

class ResultAttr;

// What the body of a resolved kernel yields for a result: its dtype in memory; of a sum over all rows the terms, in f32
// (complex<f32>) where that dtype is narrower, since the sum is rounded and not they.
DType yieldedDType(ResultAttr result);

}  // namespace gems::pw

#include "Pw/PwDialect.h.inc"
#include "Pw/PwEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "Pw/PwAttrs.h.inc"
#define GET_OP_CLASSES
#include "Pw/PwOps.h.inc"
