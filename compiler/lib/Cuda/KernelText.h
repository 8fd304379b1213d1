// What the kernel families share: how each operand and result is declared, loaded, converted and stored, and the
// function that computes one element. All of it follows from the kernel's attributes.
#pragma once

#include <string>
#include <vector>

#include "Cuda/Prelude.h"
#include "Cuda/TextWriter.h"
#include "Pw/Pw.h"
#include "gems/compiler/layout.h"
#include "gems/compiler/schedule.h"
#include "geometry_fields.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace gems::cuda {

class BodyText;

struct OperandText {
  std::string name;
  DType storage;
  bool isTensor = true;
  bool isUsed = true;
  bool passAsFloat = false;   // a narrow float that the body only ever reads as f32
  std::string parameterType;  // of the element function
  Step step{};                // tensors
  Extent extent = Extent::Element;
  int index = -1;  // over tensors read

  // The same address for every element.
  bool isSingle() const { return step == Step::Broadcast; }
  // What the element function takes, from an element as it is in memory.
  std::string converted(const std::string& element) const;
};

struct ResultText {
  std::string name;
  DType storage;
  bool roundsFloat = false;  // the element function gives f32, which is rounded to a narrow float on the way to memory
  std::string valueType;     // of the element function
  Step step{};
  Extent extent = Extent::Element;
  int index = -1;  // over tensors read, then results

  // Rounded two at a time, from a vector of floats.
  bool isPacked() const { return roundsFloat && size_bytes(storage) == 2; }
  // An element as it is in memory, from what the element function gives.
  std::string converted(const std::string& value) const;
};

class KernelText {
 public:
  KernelText(pw::KernelOp kernel, Prelude& prelude);

  // The element function, before the kernel.
  void writeElementFunction(TextWriter& out);
  // The value of a result, before it is rounded to a narrow float: what it is in the body, and as an expression.
  mlir::Value valueOf(const ResultText& result) const;
  pw::ResultAttr specOf(const ResultText& result) const;
  std::string resultValue(BodyText& body, const ResultText& result) const;
  // As parameters: "const bf16* x", "const float alpha", "bf16* out".
  static std::string declaration(const OperandText& operand);
  static std::string declaration(const ResultText& result);
  // The kernel's parameters, as they are declared and as they are passed on. A list kernel has its tensors in the last.
  std::vector<std::string> parameters() const;
  std::vector<std::string> parameterNames() const;
  // "extern "C" __global__ ... (" to the opening brace; `last` is the last parameter. `blocks` are those that registers
  // must allow on a multiprocessor at once.
  void openKernel(TextWriter& out, const std::string& last, int threads, int blocks = 1,
                  std::string_view suffix = "") const;
  // The struct of the last parameter, and the name of each of its fields.
  void writeParameterStruct(TextWriter& out);
  std::string fieldName(const GeometryField& field) const;

  // Statements that compute one element: `raw` gives each tensor's element in memory, `put` a statement that takes a
  // result's value; packed results stay f32 with `takesFloat`: storeVector rounds them in pairs.
  void writeElement(TextWriter& out, llvm::function_ref<std::string(const OperandText&)> raw,
                    llvm::function_ref<std::string(const ResultText&, const std::string&)> put,
                    bool takesFloat = false);

  // Vectors of `width` elements: their types, and statements that move them.
  std::string vectorType(DType storage) const;
  std::string loadVector(const OperandText& operand, const std::string& address);
  // The type of a vector with any stride along dimension 0, of which some elements may not exist. `aligned`: a constant
  // expression, unless it is as the layout says.
  std::string stridedVecType(const OperandText& operand, std::string_view aligned = {});
  // The widest word that moves `elements` neighbours, and whether vectors begin at multiples of it.
  std::string_view accessWord(DType storage, int elements) const;
  bool isAligned() const { return traits(layout_.cls).is_aligned; }
  std::string_view alignment(std::string_view aligned) const {
    return !aligned.empty() ? aligned : isAligned() ? "true" : "false";
  }
  void declareResultVector(TextWriter& out, const ResultText& result);
  // Sets element k of what declareResultVector declared.
  std::string putElement(const ResultText& result, const std::string& value) const;
  // The vector of what declareResultVector declared, as it is in memory.
  std::string storedVector(const ResultText& result);
  // Of a whole vector, or of its elements from `first` up to `last` when these are given.
  void storeVector(TextWriter& out, const ResultText& result, const std::string& address, const std::string& first,
                   const std::string& last, std::string_view aligned = {});

  // The inner loop over a vector's elements around writeElement, with declarations and stores of the results.
  void writeVector(TextWriter& out, llvm::function_ref<std::string(const OperandText&)> vectorElement,
                   llvm::function_ref<std::string(const ResultText&)> address, const std::string& first = {},
                   const std::string& last = {});

  // The sum of coordinate times stride. Coordinates are expressions, innermost first, from a dimension on.
  template <class Text>
  std::string offset(const Text& tensor, llvm::ArrayRef<std::string> coordinates, int firstDim = 0) const {
    std::string sum;
    for (int dim = firstDim; const std::string& coordinate : coordinates) {
      sum += (sum.empty() ? "" : " + ") + coordinate;
      if (dim > 0 || tensor.step == Step::Strided) sum += fmt::format(" * geometry.{}_stride{}", tensor.name, dim);
      ++dim;
    }
    return sum;
  }

  // Tensors that are read with one address for all elements: their values, before everything else.
  void writeSingleLoads(TextWriter& out);

  const std::vector<OperandText>& operands() const { return operands_; }
  // Tensors that are read with an address for each element.
  std::vector<const OperandText*> streamedOperands() const;
  const std::vector<ResultText>& results() const { return results_; }
  const Layout& layout() const { return layout_; }
  Prelude& prelude() { return prelude_; }
  const std::string& name() const { return name_; }
  const std::string& op() const { return op_; }
  pw::KernelOp kernel() const { return kernel_; }
  int rank() const { return traits(layout_.cls).rank; }

 private:
  std::string elementCall(llvm::function_ref<std::string(const OperandText&)> raw) const;

  pw::KernelOp kernel_;
  Prelude& prelude_;
  std::string op_;
  std::string name_;  // of the kernel function
  Layout layout_;
  Family family_;
  int width_;  // elements per vector
  std::vector<OperandText> operands_;
  std::vector<ResultText> results_;
};

// One function per family: the kernel, after the element function, which those of rowwise kernels write themselves.
void write(const FlatSchedule& schedule, KernelText& kernel, TextWriter& out);
void write(const RowsSchedule& schedule, KernelText& kernel, TextWriter& out);
void write(const TileSchedule& schedule, KernelText& kernel, TextWriter& out);
void write(const GenericSchedule& schedule, KernelText& kernel, TextWriter& out);
void write(const ListSchedule& schedule, KernelText& kernel, TextWriter& out);
void write(const HeldSchedule& schedule, KernelText& kernel, TextWriter& out);
void write(const StagedSchedule& schedule, KernelText& kernel, TextWriter& out);
void write(const ColumnsSchedule& schedule, KernelText& kernel, TextWriter& out);
void write(const ProductsSchedule& schedule, KernelText& kernel, TextWriter& out);
void write(const LoopedSchedule& schedule, KernelText& kernel, TextWriter& out);

}  // namespace gems::cuda
