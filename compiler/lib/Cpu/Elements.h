// How elements sit in memory and in vector registers, and the loads and stores between the two.
//
//   body type      in memory        in registers (W lanes)
//   i1             a byte           vector<W x i1>
//   f16, bf16      16 bits          vector<W x i16>
//   float8         a byte           vector<W x i8>
//   complex<T>     re, im adjacent  two vectors of T
//   others         as they are      vector<W x type>
#pragma once

#include "gems/compiler/layout.h"
#include "llvm/ADT/SmallVector.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Value.h"

namespace gems::cpu {

// One vector, or two for a complex value.
using Parts = llvm::SmallVector<mlir::Value, 2>;

struct ElementType {
  explicit ElementType(mlir::Type bodyType);

  mlir::Type inRegister;  // of one part
  mlir::Type inMemory;    // of one part
  int64_t parts;
  int64_t partBytes;
  int64_t sizeBytes() const { return parts * partBytes; }
};

// i16 for f16 and bf16, i8 for float8; other scalar types themselves.
mlir::Type registerType(mlir::Type scalar);

// Where an operand's elements are: element i is at base + i * stride.
struct Place {
  mlir::Value base;         // of the first lane
  Step step;                // Contiguous or Strided
  mlir::Value strideBytes;  // Strided only
};

Parts loadLanes(mlir::ImplicitLocOpBuilder& builder, const ElementType& type, const Place& place, int64_t lanes);
void storeLanes(mlir::ImplicitLocOpBuilder& builder, const ElementType& type, const Place& place, const Parts& values);

// The element at address in every lane.
Parts loadSplat(mlir::ImplicitLocOpBuilder& builder, const ElementType& type, mlir::Value address, int64_t lanes);

// Copies one element's bytes.
void copyElement(mlir::ImplicitLocOpBuilder& builder, const ElementType& type, mlir::Value from, mlir::Value to);

mlir::Value integer(mlir::ImplicitLocOpBuilder& builder, int64_t number);

// address + bytes.
mlir::Value advanced(mlir::ImplicitLocOpBuilder& builder, mlir::Value address, mlir::Value bytes);

}  // namespace gems::cpu
