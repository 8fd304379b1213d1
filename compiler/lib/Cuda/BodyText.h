// The scalar body of a kernel as C++ statements and expressions: values used once are written where they are used, with
// the parentheses they need; the rest get names.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "Cuda/Prelude.h"
#include "Cuda/TextWriter.h"
#include "Pw/Pw.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace gems::cuda {

// C++ precedence; a larger one binds more tightly.
enum class Precedence {
  Lowest,
  Conditional,
  Or,
  And,
  BitOr,
  BitXor,
  BitAnd,
  Equality,
  Relation,
  Shift,
  Sum,
  Product,
  Unary,
  Primary
};

struct ExprText {
  std::string text;
  Precedence precedence = Precedence::Primary;
};

// Name of the type that holds a body value in C++: integers in unsigned types, whose arithmetic wraps.
std::string_view valueType(mlir::Type type);
void useValueType(Prelude& prelude, mlir::Type type);

class BodyText {
 public:
  // How many names of each stem are taken.
  using Counts = std::map<std::string, int>;
  BodyText(TextWriter& out, Prelude& prelude, Counts counts = {})
      : out_(out), prelude_(prelude), counts_(std::move(counts)) {}

  // How a block argument is written. `asFloat` arguments of a narrow float type are already converted to float.
  void bind(mlir::Value argument, std::string name, bool asFloat);

  // Values that get a name of their own, however short they are.
  void keep(mlir::ValueRange values) { kept_.insert(values.begin(), values.end()); }
  std::string newName(const std::string& stem) { return fmt::format("{}{}", stem, counts_[stem]++); }
  const Counts& counts() const { return counts_; }

  // Writes the statements for all operations but the terminator.
  void write(mlir::Block& block);
  void write(mlir::Operation& op);

  // A value as an expression that need not be parenthesised in a place of this precedence.
  std::string at(mlir::Value value, Precedence precedence = Precedence::Lowest);

 private:
  ExprText expression(mlir::Operation& op);
  ExprText constant(mlir::TypedAttr value);
  ExprText integerOperation(mlir::Operation& op);
  ExprText floatOperation(mlir::Operation& op);
  ExprText conversion(mlir::Operation& op);
  ExprText compare(mlir::Operation& op);

  // Operands read as signed numbers.
  std::string signedAt(mlir::Value value, Precedence precedence = Precedence::Unary);
  ExprText binary(mlir::Operation& op, std::string_view symbol, Precedence precedence);
  ExprText signedBinary(mlir::Operation& op, std::string_view symbol, Precedence precedence);
  ExprText call(std::string_view function, mlir::Operation& op);
  // A result whose C++ type is wider or signed, as the type that holds it.
  ExprText castTo(mlir::Type type, const ExprText& inner);
  std::string parenthesised(const ExprText& expr, Precedence precedence) const;
  bool isInlined(mlir::Operation& op, const ExprText& text) const;

  TextWriter& out_;
  Prelude& prelude_;
  llvm::DenseMap<mlir::Value, ExprText> texts_;
  llvm::DenseMap<mlir::Value, bool> isFloatAlready_;
  llvm::DenseSet<mlir::Value> kept_;
  Counts counts_;
};

}  // namespace gems::cuda
