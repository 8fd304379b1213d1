// Where a rowwise kernel keeps what it knows of a row between its phases: fields one after another, one lane of each
// for a row, or a run of lanes for neighbouring rows.
#pragma once

#include "Cpu/Elements.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/MathExtras.h"

namespace gems::cpu {

struct RowField {
  ElementType type;
  int64_t offset;  // of one lane
};

class RowFields {
 public:
  RowField add(mlir::Type type) {
    ElementType element(type);
    const int64_t offset = static_cast<int64_t>(llvm::alignTo(uint64_t(bytes_), uint64_t(element.partBytes)));
    bytes_ = offset + element.sizeBytes();
    return {element, offset};
  }
  // With the alignment of any field.
  int64_t bytes() const { return static_cast<int64_t>(llvm::alignTo(uint64_t(bytes_), 8)); }

 private:
  int64_t bytes_ = 0;
};

}  // namespace gems::cpu
