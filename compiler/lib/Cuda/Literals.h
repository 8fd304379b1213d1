// Constants as CUDA C++: shortest decimal that reads back as the same value.
#pragma once

#include <string>

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/APInt.h"
#include "mlir/IR/BuiltinTypes.h"

namespace gems::cuda {

// An expression that binds as tightly as a unary minus, at least.
std::string floatLiteral(const llvm::APFloat& value, mlir::Type type);

// As a value of the unsigned type that holds integers of this width, or of the signed one.
std::string unsignedLiteral(const llvm::APInt& value);
std::string signedLiteral(const llvm::APInt& value);

}  // namespace gems::cuda
