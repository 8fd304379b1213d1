// What the texts of rowwise kernels share. Each visit of a row (Pw/RowBody.h) is a function of one element,
// NAME_sweep1(...) or NAME_element(...); the kernel has the sweeps, in each of which it calls that function for its
// elements and combines what it gives, and between them the values that are known for the whole row.
//
// A thread has vectors of a row in groups, of four mostly: the elements of a group are combined first, then the group
// with those before. Held, staged and looped kernels differ in where a group comes from.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "Cuda/BodyText.h"
#include "Cuda/KernelText.h"
#include "Pw/RowBody.h"

namespace gems::cuda {

class RowText {
 public:
  virtual ~RowText() = default;
  virtual void write();

 protected:
  // Moments, and maximum and sum of exponentials: in two passes over the row, or in one, by formulas that combine those
  // of parts. Either: the first for rows that held kernels could hold, the second for longer ones.
  enum class Form { TwoPasses, OnePass, Either };

  // Along which dimension of a block the threads of one row lie; its rows lie along the other.
  enum class Axis : char { X = 'x', Y = 'y' };

  // chunk: elements of a row that a block reads, where the blocks of a longer row share it; 0: all. Kernels that sum
  // over all rows walk over them (walksRows).
  RowText(int width, int threads, int chunk, KernelText& kernel, TextWriter& out, Axis axis = Axis::X,
          bool isPersistent = false);

  virtual Form form() const = 0;
  virtual std::string twoPassesCondition() const { return {}; }
  // Whether all threads of a block run the same groups, so that neighbours may exchange what they move.
  virtual bool isConvergent() const { return false; }
  // Blocks that a multiprocessor should have room for.
  virtual int minBlocks() const { return 1; }
  // Whether a block has one row after the other, and the loop in which it does; what precedes that, and the first sweep
  // of each row.
  bool isPersistent() const { return isPersistent_; }
  virtual void openRows();
  virtual void closeRows() { out_.close(); }
  virtual void writeBeforeRows();
  virtual void writeStart() {}
  // Sums over all rows: before the elements of vector u are computed; the statement that takes the term of element k;
  // after the vector; after the last row. Unless a family keeps them in registers: in memory, a row of sums for each
  // row of threads.
  virtual void openTerms(const ResultText& result);
  virtual std::string takeTerm(const ResultText& result, const std::string& term) const;
  virtual void writeTerms(const ResultText& result);
  virtual void writeSums() {}
  // The word in which sums of a vector's columns are moved.
  std::string_view sumsWord(const ResultText& result) const;
  // Opens the block in which `elements` says which elements of a group of this thread exist, its first vector begins at
  // `column`, and vector() has those of an operand. Unless a family holds the row: a walk along it, which loads them.
  virtual void openGroup(llvm::ArrayRef<mlir::BlockArgument> operands);
  virtual void closeGroup();
  // Of a row that begins anywhere the last visit has the vectors that begin as words of memory do, where all that is
  // moved begins alike, and what is left of both ends by the element. No order of combination depends on it.
  bool goesByWords() const {
    return !kernel_.isAligned() && !isScattered() && !isConvergent() && !walksRows() && chunk_ == 0 && width_ > 1;
  }
  // The walk along the row by the last two groups: that of such vectors, which begin at `head` and end at `whole` where
  // `is_alike`, and that of any.
  virtual void writeWordsWalk();
  // How many vectors the groups of a visit have, one size after the other; those of this one.
  virtual llvm::ArrayRef<int> groupSizes() const;
  int group() const { return group_; }
  // A group as a function of a column and of which elements exist, up to the loads of its vectors, and how many there
  // are.
  void openFunction(llvm::ArrayRef<mlir::BlockArgument> operands, std::string_view aligned = {});
  virtual void writeGroupLoads(llvm::ArrayRef<mlir::BlockArgument> operands, std::string_view aligned);
  // Whether those are also the loads of operands of column extent.
  virtual bool groupsColumns() const { return false; }
  int groups() const { return groups_; }
  // Whether several blocks may have a row, which exchange what their threads have found.
  virtual bool isClustered() const { return false; }
  // What they exchange it in, of each sweep, in turns; made ready.
  void writeExchanges();
  virtual std::string vector(const OperandText& operand) const { return operand.name + "_vec[u]"; }
  // Whether vector() has also those of operands of column extent, from before the first row; and whether what a row has
  // of operands of row extent is in NAME_row.
  virtual bool holdsColumns() const { return false; }

  // Expressions of u: whether vector u exists, and how many of its elements do.
  struct Existing {
    std::string vector, rest;
  };
  // NAME_vec[count] of each operand of element extent; vector u begins at `column` + u * step. `aligned`: as in
  // KernelText::stridedVecType.
  void writeLoads(llvm::ArrayRef<const OperandText*> operands, int count, const std::string& column,
                  const Existing& existing, std::string_view aligned = {});
  llvm::SmallVector<const OperandText*> elementOperands(llvm::ArrayRef<mlir::BlockArgument> operands) const {
    return operandsOf(operands, Extent::Element);
  }
  llvm::SmallVector<const OperandText*> operandsOf(llvm::ArrayRef<mlir::BlockArgument> operands, Extent extent) const;
  // All that any visit reads, of element or column extent.
  llvm::SmallVector<const OperandText*> readOperands(Extent extent) const;
  llvm::SmallVector<const OperandText*> elementOperands() const { return readOperands(Extent::Element); }
  // Tensors of row extent that are read.
  llvm::SmallVector<const OperandText*> rowOperands() const;
  // `aligned`: as in KernelText::stridedVecType.
  std::string elementsType(std::string_view aligned = {});
  // Which row a thread belongs to, what it knows of `row`, a variable, and which of its elements the block has: those
  // before `columns`.
  virtual void writeRow();
  virtual void writeColumns();
  void writeRowFacts();
  bool walksRows() const { return !sums_.empty(); }
  // Whether a row's only exchange between its threads is that of the next row, too: they take turns.
  bool takesTurns() const { return walksRows() && body_.sweeps() == 1; }
  llvm::ArrayRef<const ResultText*> sums() const { return sums_; }
  // Elements of any strides in several dimensions.
  bool isGeneric() const { return kernel_.layout().cls == LayoutClass::RowGeneric; }
  bool isAcross() const { return axis_ == Axis::Y; }
  // Elements of element extent are loaded and stored one by one.
  bool isScattered() const { return isGeneric() || isAcross(); }
  // Vectors of 16 bytes at any alignment, in aligned words of which neighbours exchange parts.
  bool isShifted(DType storage) const {
    return isConvergent() && !kernel_.isAligned() && static_cast<int>(size_bytes(storage)) * width_ == 16;
  }

  KernelText& kernel_;
  TextWriter& out_;
  const int width_;

  // The names and statements of what is known for the row: stages_.
  void planRow();
  void writeOffsetsFunction();
  void writeRowResults();
  // Which threads store the results of a row.
  virtual std::string storesRow() const { return fmt::format("threadIdx.{} == 0 && is_row", along()); }
  // The statements between the sweeps: first those before the first one.
  llvm::ArrayRef<std::string> stages() const { return stages_; }
  // What the reductions of the first sweep find, by the names that it has in the stages, and of which elements.
  struct Reduced {
    std::string name;
    llvm::SmallVector<const OperandText*> operands;
  };
  llvm::SmallVector<Reduced> reducedInFirstSweep();

 private:
  // What is computed of one element: of a sweep the values that are reduced, of the last visit those of the results.
  struct Visit {
    std::string function;  // none: the only value is an operand
    pw::RowBody::Visit slice;
    llvm::SmallVector<mlir::Value> roots;
    llvm::SmallVector<std::string> fields;  // of the function's result, where it has several
  };
  // A value that is found of a reduction's state.
  struct Found {
    std::string name, type;
    std::string of;        // the expression, with {} for the state
    bool isInner = false;  // used by the next pass only
  };
  // One reduction over the row, with a state of its own.
  struct Part {
    std::string name;
    std::string reduction;  // its type
    std::string valueType;  // of what is combined
    unsigned root;          // which value of the visit
    std::string add;        // the function that adds elements to a state
    bool takesColumn = false;
    std::string subtracted{};  // from the value, which is then squared or its exponential taken
    std::string function{};    // empty: squared
    std::vector<Found> found{};
  };

  void planStage(int sweeps);
  void planOperand(mlir::BlockArgument argument, const OperandText& operand);
  void planPick(pw::PickOp pick, TextWriter& out);
  Visit makeVisit(std::string name, llvm::ArrayRef<mlir::Value> roots);

  void writeFunctions();
  void writeFunction(const Visit& visit);
  // Where an element is in its row, in a tensor that varies along it.
  std::string offsetAlong(const std::string& tensor, const std::string& index) const;
  void writeAcrossLoads(llvm::ArrayRef<const OperandText*> operands, int count, const std::string& column);
  void writeColumnFunction();
  void writeExponential();
  std::string call(const Visit& visit, llvm::function_ref<std::string(const OperandText&)> element,
                   const std::string& index);
  std::string value(const Visit& visit, unsigned root, const std::string& call) const;

  void writeSweep(int sweep);
  // Where a thread's vectors begin, and how far they lie apart.
  virtual void writeStep();
  std::string existing(const std::string& columns) const;
  void writePasses(int sweep, Form form, bool declares);
  void writePass(const Visit& visit, llvm::ArrayRef<Part> parts, bool declares);
  void writeReduced(const Visit& visit, llvm::ArrayRef<Part> parts);
  void writeColumnVectors(const Visit& visit);
  std::string vectorOf(const OperandText& operand) const {
    return operand.extent == Extent::Column && !holdsColumns() && !groupsColumns() ? operand.name + "_vec"
                                                                                   : vector(operand);
  }
  void writeWords(llvm::ArrayRef<const ResultText*> results);
  // Calls it along a row. asks: it always asks which elements exist.
  void writeWalk(int group, const std::string& from, const std::string& to, bool asks);
  void writeLastVisit();
  // A group of the last visit. `aligned`: as in KernelText::stridedVecType.
  void writeLastGroup(llvm::ArrayRef<const ResultText*> results, std::string_view aligned = {});

  std::string reductionType(pw::ReduceOp reduce);
  Part plain(const std::string& kind, const std::string& type, const std::string& name, unsigned root,
             bool isInner = false);
  // The parts of a reduction that are found in a first pass over the row, the statement after it, and those of a
  // second.
  struct Passes {
    std::vector<Part> first, second;
    llvm::SmallVector<std::string> between;
  };
  Passes passesOf(int sweep, Form form, bool declares);
  void addPasses(Passes& passes, pw::ReduceOp reduce, unsigned root, Form form, bool declares);
  // The reduction of all parts, and the state of it that a thread has.
  static std::string reductionOf(llvm::ArrayRef<Part> parts);
  static std::string stateOf(llvm::ArrayRef<Part> parts);
  // The state of the row, from those of its threads.
  std::string combined(llvm::ArrayRef<Part> parts, const std::string& state);
  void writeFound(llvm::ArrayRef<Part> parts, bool declares);
  void writeValues(llvm::ArrayRef<Part> parts, const std::string& found, bool declares);
  // Of rows that several blocks share: the type of what each finds, how it is left behind, and the kernel that combines
  // it.
  void writePartialType();
  void writePartial(const std::string& found);
  void writeFold();
  // Of sums over all rows: where they are in scratch memory, and the kernel that adds them up.
  void writeSumsType();
  void writeSumsFold();
  std::string lastParameter(std::string_view access) const;
  std::string exponential(pw::ReduceOp reduce) const;
  const OperandText& operandOf(mlir::BlockArgument argument) const {
    return kernel_.operands()[argument.getArgNumber()];
  }

  char along() const { return static_cast<char>(axis_); }
  char across() const { return axis_ == Axis::X ? 'y' : 'x'; }

  const int threads_;
  const int chunk_;
  const Axis axis_;
  pw::RowBody body_;
  const bool isPersistent_;
  TextWriter rowOut_;  // the statements of the stage that is planned
  BodyText row_;
  std::vector<std::string> stages_;  // statements of what is known after so many sweeps
  std::vector<Visit> sweeps_;
  std::vector<Visit> picks_;
  std::vector<const ResultText*> sums_;  // results that are summed over all rows
  Visit last_;
  int exchanges_ = 0, groups_ = 0, group_ = 0;
};

}  // namespace gems::cuda
